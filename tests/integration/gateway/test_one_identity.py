"""One event, five channels: the same id and the same bytes of data on each, and readable by the official packages."""

import asyncio
from collections.abc import AsyncIterator

import aio_pika
import asyncpg
import pytest
from aio_pika.abc import AbstractIncomingMessage, AbstractQueue
from cloudevents.core.bindings import rabbitmq
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from tests.conftest import Addresses
from tests.eventually import eventually
from tests.integration.gateway.event_reader import read_events
from tests.integration.gateway.receiver import Receiver, open_receiver
from tests.unit.gateway.serving import Served

TITLE = 'Žluť "quoted" \\ and 日本語'


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with open_receiver() as receiver:
        yield receiver


@pytest.fixture
async def queue(addresses: Addresses) -> AsyncIterator[AbstractQueue]:
    """A subscriber's own."""
    connection = await aio_pika.connect(addresses.rabbitmq.amqp_url(*addresses.rabbitmq.admin, addresses.vhost))
    async with connection:
        queue = await (await connection.channel()).declare_queue(exclusive=True)
        await queue.bind("taskmesh.events", "tasks.#")
        yield queue


async def take(queue: AbstractQueue) -> AbstractIncomingMessage:
    async def look() -> AbstractIncomingMessage | None:
        return await queue.get(no_ack=True, fail=False)

    return await eventually(look)


def data_of(document: bytes) -> bytes:
    """What stands behind the last attribute: cut out and not parsed, because parsing would hide a difference."""
    return document[document.index(b',"data":') + len(b',"data":') : -1]


async def test_one_event_on_five_channels(
    served: Served, ada: dict[str, str], receiver: Receiver, queue: AbstractQueue, superuser: asyncpg.Connection
) -> None:
    webhook = {"url": receiver.url, "event_types": ["tasks.*"]}
    assert (await served.ask("POST", "/v1/webhooks", json=webhook, headers=ada)).status == 201
    async with read_events(served, "?types=tasks.*", **ada) as stream:
        assert (await served.ask("POST", "/v1/tasks", json={"title": TITLE}, headers=ada)).status == 201
        [frame] = await stream.take(1)
    message = await take(queue)
    pulled = await served.ask("GET", "/v1/events?types=tasks.*", headers=ada)
    await eventually(lambda: receiver.received)
    [posted] = receiver.received
    row = await superuser.fetchrow("SELECT event_id, data::text FROM notifier.activity WHERE type LIKE 'tasks.%'")
    assert row is not None

    [item] = pulled.json["items"]
    item_bytes = pulled.body[len(b'{"items":[') : pulled.body.index(b'],"page":')]
    assert {
        message.body,
        data_of(frame.data),
        data_of(item_bytes),
        data_of(posted.body),
        row["data"].encode(),
    } == {message.body}
    ids = {str(message.headers["ce-id"]), message.message_id, item["id"], str(row["event_id"])}
    assert ids == {posted.headers["webhook-id"]}
    activity = await served.ask("GET", "/v1/activity?resource_type=task", headers=ada)
    assert {entry["event_id"] for entry in activity.json["items"]} == ids

    binary = rabbitmq.from_binary_event(
        rabbitmq.RabbitMQMessage(
            headers={name: str(value) for name, value in message.headers.items()},
            body=message.body,
            content_type=message.content_type,
        )
    )
    structured = [JSONFormat().read(CloudEvent, document) for document in (posted.body, frame.data, item_bytes)]
    for event in (binary, *structured):
        assert event.get_id() in ids
        assert event.get_type() == "tasks.task_created.v1"
        assert event.get_extension("sequence") == "00000000000000000001"
        data = event.get_data()
        assert isinstance(data, dict)
        assert data["task"]["title"] == TITLE


async def test_positions_have_no_gap_and_the_order_of_each_task(
    served: Served, ada: dict[str, str], superuser: asyncpg.Connection
) -> None:
    async def live(number: int) -> None:
        created = await served.ask("POST", "/v1/tasks", json={"title": f"{number}"}, headers=ada)
        for title in ("a", "b", "c"):
            await served.ask("PATCH", created.headers["location"], json={"title": title}, headers=ada)

    await asyncio.gather(*(live(number) for number in range(10)))
    await eventually(
        lambda: superuser.fetchval("SELECT count(*) = 40 FROM notifier.activity WHERE type LIKE 'tasks.%'")
    )
    rows = await superuser.fetch("SELECT position, partitionkey, sequence FROM notifier.activity ORDER BY position")
    assert [row["position"] for row in rows] == list(range(1, len(rows) + 1))
    for task in {row["partitionkey"] for row in rows}:
        sequences = [row["sequence"] for row in rows if row["partitionkey"] == task]
        assert sequences == list(range(1, len(sequences) + 1))
