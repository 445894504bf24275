"""Through the real broker: what is parked arrives in the table, whatever it looks like."""

from typing import Any

import aio_pika
import asyncpg
import orjson
import pytest
from uuid_utils.compat import uuid7

from chassis.broker import Outgoing, open_broker
from chassis.topology import COMMANDS, PARKING
from tests.conftest import VHOST, Addresses
from tests.eventually import eventually
from tests.integration.handling import only_row


async def publish(addresses: Addresses, user: str, message: Outgoing) -> None:
    async with open_broker(addresses.amqp_url(user), user) as broker:
        await eventually(lambda: broker.can_publish)
        await broker.publish(message)


def park(**changes: Any) -> Outgoing:
    message = {
        "exchange": PARKING,
        "routing_key": "tasks.commands",
        "body": b"\x80\x04not a task",
        "message_id": str(uuid7()),
        "type": "tasks.create_task.v1",
        "headers": {},
    }
    return Outgoing(**{**message, **changes})


async def arrived(superuser: asyncpg.Connection) -> dict[str, Any]:
    await eventually(lambda: superuser.fetchval("SELECT count(*) = 1 FROM notifier.dead_letter"))
    row = await only_row(superuser, "SELECT * FROM notifier.dead_letter")
    return row | {"headers": orjson.loads(row["headers"])}


@pytest.mark.usefixtures("running_notifier")
async def test_what_a_service_parked_arrives_with_its_reason(
    addresses: Addresses, superuser: asyncpg.Connection
) -> None:
    headers = {
        "x-source-queue": "tasks.commands",
        "x-park-reason": "decode",
        "x-error-class": "Unprocessable",
        "x-error": "task.title: string_type",
        "x-attempt": 3,
        "x-sender": "gateway",
    }
    message = park(headers=headers)
    await publish(addresses, "task_worker", message)
    row = await arrived(superuser)
    assert row == {
        "id": row["id"],
        "source_queue": "tasks.commands",
        "reason": "decode",
        "message_id": message.message_id,
        "type": "tasks.create_task.v1",
        "headers": headers | {"x-attempt": "3"},
        "body": message.body,
        "error_class": "Unprocessable",
        "error": "task.title: string_type",
        "attempts": 3,
        "state": "parked",
        "awaited": False,
        "parked_at": row["parked_at"],
    }


@pytest.mark.usefixtures("running_notifier")
async def test_what_the_broker_itself_rejected_arrives_with_the_queue_that_it_died_in(
    addresses: Addresses, superuser: asyncpg.Connection
) -> None:
    await publish(addresses, "gateway", park(exchange=COMMANDS))
    rabbitmq = addresses.rabbitmq
    connection = await aio_pika.connect(rabbitmq.amqp_url(*rabbitmq.admin, VHOST))
    async with connection:
        queue = await (await connection.channel()).get_queue("tasks.commands", ensure=False)
        message = await eventually(lambda: queue.get(fail=False))
        await message.reject(requeue=False)
    row = await arrived(superuser)
    assert (row["source_queue"], row["reason"], row["attempts"]) == ("tasks.commands", "rejected", 0)


@pytest.mark.parametrize(
    ("changes", "stored"),
    [
        ({"type": "a\x00b"}, {"type": "ab"}),
        ({"message_id": "a\x00b"}, {"message_id": "ab"}),
        ({"headers": {"x-park-reason": "de\x00code"}}, {"reason": "decode"}),
        ({"headers": {"x-source-queue": "a\x00b"}}, {"source_queue": "ab"}),
        ({"headers": {"x-source-queue": {"a": 1}}}, {"source_queue": "unknown"}),
        ({"headers": {"a\x00b": "c\x00d"}}, {"headers": {"ab": "cd"}}),
        ({"headers": {"x-error": "a\x00b"}}, {"error": "ab"}),
        ({"headers": {"x-attempt": 2**40}}, {"attempts": 0}),
        ({"headers": {"x-attempt": -1}}, {"attempts": 0}),
        ({"headers": {"x-attempt": "many"}}, {"attempts": 0}),
        (
            {"headers": {"a": {"nested": [1, bytearray(b"\x00\xff")]}}},
            {"headers": {"a": "{'nested': [1, bytearray(b'\\x00\\xff')]}"}},
        ),
        ({"body": b""}, {"body": b""}),
        ({"body": bytes(range(256)) * 1024}, {"body": bytes(range(256)) * 1024}),
    ],
)
@pytest.mark.usefixtures("running_notifier")
async def test_whatever_is_parked_is_kept(
    addresses: Addresses, superuser: asyncpg.Connection, changes: dict[str, Any], stored: dict[str, Any]
) -> None:
    await publish(addresses, "task_worker", park(**changes))
    row = await arrived(superuser)
    assert {name: row[name] for name in stored} == stored
