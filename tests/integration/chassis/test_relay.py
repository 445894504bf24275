"""What is in the outbox reaches the broker: in order, from whichever process is alive, and however late it was committed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest
from aio_pika.abc import AbstractQueue
from uuid_utils.compat import uuid7

import task_worker.app
from chassis.cloudevents import CloudEvent
from chassis.requests import Requests, Sender
from chassis.topology import EVENTS
from chassis.worker import Worker
from contracts.message import Actor
from contracts.tasks import CreateTask, NewTask, TaskCreated, TaskPatch, UpdateTask
from ops.rabbitmq import RabbitMQ
from task_worker.settings import Settings
from tests.conftest import Addresses
from tests.eventually import eventually
from tests.integration.chassis.queue_reader import QueueReader, read_queues
from tests.integration.conftest import BUDGET


@pytest.fixture
async def reader(rabbitmq: RabbitMQ) -> AsyncIterator[QueueReader]:
    async with read_queues(rabbitmq) as reader:
        yield reader


@pytest.fixture
async def events(reader: QueueReader) -> AbstractQueue:
    """Every event, in a queue of the test's own."""
    queue = await reader.channel.declare_queue(exclusive=True)
    await queue.bind(EVENTS, "#")
    return queue


@asynccontextmanager
async def worker(addresses: Addresses) -> AsyncIterator[Worker]:
    settings = Settings(
        database_url=addresses.database_url("task_worker"),
        amqp_url=addresses.amqp_url("task_worker"),
        object_storage_url="memory:///",
    )
    async with task_worker.app.build(settings) as running:
        yield running
        await running.drain()


async def next_event(queue: AbstractQueue, *, within: float = 10.0) -> CloudEvent:
    async def look() -> CloudEvent | None:
        message = await queue.get(no_ack=True, fail=False)
        return None if message is None else CloudEvent.from_headers(message.headers, message.body)

    return await eventually(look, within=within)


@pytest.mark.usefixtures("running_task_worker")
async def test_the_events_of_one_task_arrive_in_order(requests: Requests, events: AbstractQueue, ada: Actor) -> None:
    create = CreateTask(task_id=uuid7(), task=NewTask(title="0"))
    await requests.ask(create, Sender(uuid7(), ada, BUDGET))
    for number in range(1, 20):
        update = UpdateTask(task_id=create.task_id, patch=TaskPatch(title=str(number)))
        await requests.ask(update, Sender(uuid7(), ada, BUDGET))
    seen = [await next_event(events) for _ in range(20)]
    assert [event.sequence for event in seen] == list(range(1, 21))
    assert [event.data["task"]["title"] for event in seen] == [str(number) for number in range(20)]


async def test_another_worker_takes_over_when_the_owner_of_the_lanes_is_gone(
    addresses: Addresses, requests: Requests, events: AbstractQueue, ada: Actor
) -> None:
    async with worker(addresses):
        await requests.ask(CreateTask(task_id=uuid7(), task=NewTask(title="1")), Sender(uuid7(), ada, BUDGET))
        assert (await next_event(events)).data["task"]["title"] == "1"
        async with worker(addresses) as successor:
            await eventually(lambda: successor.broker.ready)
    async with worker(addresses):
        await requests.ask(CreateTask(task_id=uuid7(), task=NewTask(title="2")), Sender(uuid7(), ada, BUDGET))
        assert (await next_event(events, within=15)).data["task"]["title"] == "2"


_INSERT = """
    WITH logged AS (
         INSERT INTO tasks.event_log (event_id, type, aggregate_type, aggregate_id, aggregate_version, command_id, data)
         VALUES ($1, $2, 'task', $1, 1, $1, '{}')
    )
    INSERT INTO tasks.outbox (message_id, lane, exchange, routing_key, aggregate_id)
    VALUES ($1, 0, 'taskmesh.events', $2, $1)
"""


@pytest.mark.usefixtures("running_task_worker")
async def test_what_a_slow_transaction_commits_later_is_not_skipped(
    addresses: Addresses, superuser: asyncpg.Connection, events: AbstractQueue
) -> None:
    slow = await asyncpg.connect(addresses.superuser_url)
    transaction = slow.transaction()
    await transaction.start()
    early, late = uuid7(), uuid7()
    await slow.execute(_INSERT, early, TaskCreated.wire_name)
    await superuser.execute(_INSERT, late, TaskCreated.wire_name)
    assert (await next_event(events)).id == late
    await transaction.commit()
    await slow.close()
    assert (await next_event(events)).id == early


@pytest.mark.usefixtures("running_task_worker")
async def test_an_event_that_nobody_is_bound_to_is_kept_and_holds_up_nothing(
    superuser: asyncpg.Connection, reader: QueueReader
) -> None:
    event_id = uuid7()
    await superuser.execute(_INSERT, event_id, "nowhere.nothing_happened.v1")
    kept = await reader.take("events.unrouted")
    assert kept.message_id == str(event_id)
    await eventually(lambda: superuser.fetchval("SELECT count(*) = 0 FROM tasks.outbox"))


@pytest.mark.parametrize("command", ['{"neither": "type nor body"}', '{"type": "x"}', "[]", None])
@pytest.mark.usefixtures("running_task_worker")
async def test_a_row_that_cannot_be_read_is_set_aside_and_the_lane_flows(
    superuser: asyncpg.Connection, command: str | None
) -> None:
    """It killed every worker that saw it, until tests/chaos found it."""
    row = await superuser.fetchval(
        """
        INSERT INTO tasks.outbox (message_id, lane, exchange, routing_key, aggregate_id, command)
        VALUES ($1, 0, 'taskmesh.commands', 'tasks.commands', $1, $2)
        RETURNING id
        """,
        uuid7(),
        command,
    )
    await superuser.execute(_INSERT, uuid7(), "nowhere.nothing_happened.v1")
    await eventually(
        lambda: superuser.fetchval(
            "SELECT array_agg(id) = ARRAY[$1::bigint] AND max(lane) = -1 FROM tasks.outbox", row
        ),
        within=30,
    )
