"""Every user of the broker tries every operation on every exchange and queue; what succeeds is the table, no more, no less."""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel, AbstractConnection
from aiormq.exceptions import ChannelAccessRefused, ChannelLockedResource

from chassis.topology import (
    COMMANDS,
    DEAD,
    EVENTS,
    EVENTS_LOG,
    FEED,
    OPERATOR,
    PARKING,
    REPLIES,
    RETRY,
    RETRY_TIERS,
    TOPOLOGY,
    UNROUTED,
    USERS,
)
from ops.management import open_management
from ops.rabbitmq import RabbitMQ
from ops.topology import declare
from tests.conftest import PASSWORDS

DEFAULT = ""
"""The exchange that leads to every queue by its name."""
REPLY_QUEUE, FEED_QUEUE, NOTIFIER_REPLY_QUEUE = OWN_QUEUES = [
    f"{kind}.{'0' * 32}" for kind in ("gateway.replies", "gateway.feed", "notifier.replies")
]
"""Named by the service that declares them, one for each of its processes."""
EXCHANGES = [DEFAULT, *(exchange.name for exchange in TOPOLOGY.exchanges)]
QUEUES = [*OWN_QUEUES, *(queue.name for queue in TOPOLOGY.queues)]
PURGEABLE = [queue for queue in QUEUES if queue != EVENTS_LOG.name]

OF_A_WORKER = {REPLIES, EVENTS, COMMANDS, PARKING, *(f"{RETRY}.{tier}" for tier in RETRY_TIERS)}
WRITES = {
    "gateway": {COMMANDS},
    "auth_worker": OF_A_WORKER,
    "task_worker": OF_A_WORKER,
    "notifier": OF_A_WORKER | {FEED},
    OPERATOR: {*EXCHANGES},
}
READS = {
    "gateway": {REPLY_QUEUE, FEED_QUEUE},
    "auth_worker": {queue for queue in QUEUES if queue.startswith("auth.")},
    "task_worker": {queue for queue in QUEUES if queue.startswith("tasks.")},
    "notifier": {queue for queue in QUEUES if queue.startswith("notifier.")} | {"parking"},
    OPERATOR: {*QUEUES},
}
CONFIGURES = {"gateway": {REPLY_QUEUE, FEED_QUEUE}, "notifier": {NOTIFIER_REPLY_QUEUE}, OPERATOR: {*QUEUES}}

Operation = Callable[[AbstractChannel, str], Awaitable[object]]


def test_the_table_speaks_of_every_user_and_leaves_nothing_to_nobody() -> None:
    assert WRITES.keys() == READS.keys() == {user.name for user in USERS} | {OPERATOR}
    for exchange in (DEAD, UNROUTED, RETRY, DEFAULT):
        assert [user for user, names in WRITES.items() if exchange in names] == [OPERATOR]


@pytest.fixture
async def own_vhost(rabbitmq: RabbitMQ) -> AsyncIterator[str]:
    vhost = f"privileges/{secrets.token_hex(4)}"
    await declare(rabbitmq.management_url, vhost, rabbitmq.admin, passwords=PASSWORDS)
    async with open_management(rabbitmq.management_url, rabbitmq.admin) as api:
        body = {"durable": True, "arguments": {"x-queue-type": "classic"}}
        for queue in OWN_QUEUES:
            await api.put("queues", vhost, queue, body=body)
        yield vhost
        await api.delete("vhosts", vhost)


async def publish(channel: AbstractChannel, name: str) -> None:
    exchange = channel.default_exchange if name == DEFAULT else await channel.get_exchange(name, ensure=False)
    await exchange.publish(aio_pika.Message(b""), "nowhere", mandatory=False)


async def _ignore(_: object) -> None:
    pass


async def read(channel: AbstractChannel, name: str) -> None:
    if name == EVENTS_LOG.name:  # nothing is taken from a stream, it is followed
        await channel.set_qos(1)
        stream = await channel.get_queue(name, ensure=False)
        await stream.consume(_ignore, arguments={"x-stream-offset": "next"})
        return
    with suppress(ChannelLockedResource):  # a queue with one active consumer is not taken from in this way
        await (await channel.get_queue(name, ensure=False)).get(fail=False)


async def purge(channel: AbstractChannel, name: str) -> None:
    await (await channel.get_queue(name, ensure=False)).purge()


async def delete(channel: AbstractChannel, name: str) -> None:
    """Needs the right to configure."""
    await (await channel.get_queue(name, ensure=False)).delete(if_unused=False, if_empty=False)


async def allowed(connection: AbstractConnection, operation: Operation, names: list[str]) -> set[str]:
    found = set()
    for name in names:
        channel = await connection.channel()
        try:
            await operation(channel, name)
        except ChannelAccessRefused:
            continue
        with suppress(aio_pika.exceptions.AMQPError):
            await channel.close()
        found.add(name)
    return found


@pytest.mark.parametrize("user", WRITES)
async def test_a_user_may_do_what_the_table_says(rabbitmq: RabbitMQ, own_vhost: str, user: str) -> None:
    url = rabbitmq.amqp_url(user, PASSWORDS[user], own_vhost)
    async with await aio_pika.connect(url) as connection:
        assert await allowed(connection, publish, EXCHANGES) == WRITES[user]
        assert await allowed(connection, read, QUEUES) == READS[user]
        assert await allowed(connection, purge, PURGEABLE) == READS[user] - {EVENTS_LOG.name}
        assert await allowed(connection, delete, QUEUES) == CONFIGURES.get(user, set())


async def test_nobody_speaks_under_another_name(rabbitmq: RabbitMQ, own_vhost: str) -> None:
    url = rabbitmq.amqp_url("auth_worker", PASSWORDS["auth_worker"], own_vhost)
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        exchange = await channel.get_exchange(COMMANDS, ensure=False)
        with pytest.raises(aio_pika.exceptions.ChannelPreconditionFailed):
            await exchange.publish(aio_pika.Message(b"", user_id="gateway"), "tasks.commands")
