"""Our own client, against a real broker."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from uuid_utils.compat import uuid7
from yarl import URL

from chassis.amqp.channel import Channel, Delivered
from chassis.amqp.connection import Connection
from chassis.amqp.errors import ChannelClosed, ConnectionLost, Returned
from chassis.amqp.properties import Properties
from chassis.topology import COMMANDS, REPLIES
from tests.chaos.proxy import Fault, Proxy
from tests.conftest import Addresses


async def open_connection(url: str) -> Connection:
    connection = Connection(URL(url), name="test", heartbeat=5)
    async with asyncio.timeout(10):
        await connection.open()
    return connection


@pytest.fixture
async def connection(addresses: Addresses) -> AsyncIterator[Connection]:
    connection = await open_connection(addresses.amqp_url("notifier"))
    yield connection
    await connection.close()


async def listen(channel: Channel) -> tuple[str, asyncio.Queue[Delivered]]:
    name, arrived = f"notifier.replies.{uuid7().hex}", asyncio.Queue[Delivered]()
    await channel.declare_passing_queue(name)
    await channel.bind(name, REPLIES, name)
    await channel.consume(name, arrived.put_nowait)
    return name, arrived


def reply_to(name: str) -> Properties:
    return Properties(message_id=str(uuid7()), reply_to=name, user_id="notifier", headers={})


async def publish_to_itself(connection: Connection, body: bytes) -> Delivered:
    async with connection.channel() as consuming, connection.channel(confirms=True) as publishing:
        name, arrived = await listen(consuming)
        await publishing.publish(REPLIES, name, reply_to(name), body)
        return await arrived.get()


@pytest.mark.parametrize("size", [0, 1, 131_064, 131_065, 1_000_000])
async def test_a_body_of_any_size_arrives(connection: Connection, size: int) -> None:
    body = bytes(number % 251 for number in range(size))
    assert (await publish_to_itself(connection, body)).body == body


async def test_a_connection_that_dribbles(addresses: Addresses) -> None:
    proxy = Proxy(addresses.amqp_url("notifier"), seed=1)
    await proxy.start()
    try:
        connection = await open_connection(proxy.url)
        proxy.become(Fault(dribbles=True))
        assert (await publish_to_itself(connection, b"x" * 2000)).body == b"x" * 2000
        await connection.close()
    finally:
        await proxy.stop()


async def test_what_no_queue_takes_comes_back_and_nothing_else_does(connection: Connection) -> None:
    async with connection.channel() as consuming, connection.channel(confirms=True) as publishing:
        name, arrived = await listen(consuming)
        publishes = [publishing.publish(REPLIES, key, reply_to(name), b"") for key in (name, "nobody", name)]
        outcomes = await asyncio.gather(*publishes, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [type(None), Returned, type(None)]
        assert [(await arrived.get()).body for _ in range(2)] == [b"", b""]


@pytest.mark.parametrize("turns", [[{0, 1, 2, 4}], [{2, 0}, {4, 1}], [{4}, {2}, {1}, {0}], [{1, 4}, {0, 2}]])
async def test_what_is_acknowledged_does_not_come_again_and_all_else_does(
    connection: Connection, turns: list[set[int]]
) -> None:
    async with connection.channel(confirms=True) as other:
        async with connection.channel() as consuming:
            name, arrived = await listen(consuming)
            for number in range(5):
                other.publish(REPLIES, name, reply_to(name), bytes([number]))
            messages = [await arrived.get() for _ in range(5)]
            for turn in turns:
                for number in turn:
                    consuming.acknowledge(messages[number].delivery_tag)
                await other.find_exchange(COMMANDS)
            # Its queue would be gone with its last consumer.
            again = asyncio.Queue[Delivered]()
            await other.consume(name, again.put_nowait)
        message = await again.get()
        assert (message.body, message.redelivered) == (bytes([3]), True)
        await other.find_exchange(COMMANDS)
        assert again.empty()


async def test_a_closed_channel_tells_everybody_and_harms_no_other(connection: Connection) -> None:
    async with connection.channel(confirms=True) as closed, connection.channel() as other:
        publishes = [closed.publish("no.such.exchange", "", reply_to("x"), b"") for _ in range(3)]
        outcomes = await asyncio.gather(*publishes, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [ChannelClosed] * 3
        await closed.ended.wait()
        with pytest.raises(ChannelClosed):
            closed.publish(COMMANDS, "tasks.commands", reply_to("x"), b"")
        await other.find_exchange(COMMANDS)


async def test_a_channel_that_is_opened_again_is_a_new_one(connection: Connection) -> None:
    for _ in range(50):
        async with connection.channel(confirms=True) as channel:
            await channel.find_exchange(COMMANDS)
    with pytest.raises(ChannelClosed):
        async with connection.channel() as channel:
            await channel.find_exchange("no.such.exchange")
    async with connection.channel() as channel:
        await channel.find_exchange(COMMANDS)


async def test_a_call_that_is_given_up_ends_its_channel_alone(connection: Connection) -> None:
    async with connection.channel() as channel:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await channel.find_exchange(COMMANDS)
        assert channel.ended.is_set()
    async with connection.channel() as channel:
        await channel.find_exchange(COMMANDS)


async def test_whoever_may_not_enter_is_told_so(addresses: Addresses) -> None:
    url = URL(addresses.amqp_url("notifier")).with_password("wrong")
    with pytest.raises(ConnectionLost, match="403"):
        await open_connection(str(url))
