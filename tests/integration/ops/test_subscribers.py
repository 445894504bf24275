"""`taskmesh subscribers add`, and the examples in `examples/`, each run as a reader would run it."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aio_pika
import pytest
from aiormq.exceptions import ChannelAccessRefused
from uuid_utils.compat import uuid7

from chassis.requests import Requests, Sender
from contracts.message import Actor
from contracts.tasks import CreateTask, NewTask
from ops import subscribers
from ops.errors import OpsError
from ops.rabbitmq import RabbitMQ
from ops.servers import Broker
from ops.state import ROOT
from ops.subscribers import Subscriber, routing_keys
from tests.conftest import VHOST
from tests.integration.conftest import BUDGET


@asynccontextmanager
async def subscribed(rabbitmq: RabbitMQ, *types: str, stream: bool = False) -> AsyncIterator[Subscriber]:
    broker = Broker(rabbitmq.management_url, VHOST, rabbitmq.admin, {})
    parts = rabbitmq.amqp_url("x", "x", VHOST).rpartition("@")[2].partition("/")[0].split(":")
    name = f"test-{uuid7().hex[-8:]}"
    yield await subscribers.add(broker, (parts[0], int(parts[1])), name, types=types, stream=stream)
    await subscribers.remove(broker, name)
    assert name not in await subscribers.names(broker)


@asynccontextmanager
async def running_example(name: str, subscriber: Subscriber) -> AsyncIterator[asyncio.StreamReader]:
    environment = {**os.environ, "AMQP_URL": subscriber.uri, "QUEUE": subscriber.queue}
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(ROOT / "examples" / name), stdout=asyncio.subprocess.PIPE, env=environment
    )
    assert process.stdout is not None
    try:
        yield process.stdout
    finally:
        process.kill()
        await process.wait()


async def create_task(requests: Requests) -> CreateTask:
    command = CreateTask(task_id=uuid7(), task=NewTask(title="Water the plants"))
    await requests.ask(command, Sender(uuid7(), Actor(id=uuid7(), username="ada"), BUDGET))
    return command


async def line_with(output: asyncio.StreamReader, text: str) -> str:
    async with asyncio.timeout(20):
        while True:
            line = (await output.readline()).decode()
            assert line, "the example ended"
            if text in line:
                return line


@pytest.mark.usefixtures("running_task_worker")
@pytest.mark.parametrize("example", ["aio_pika_subscriber.py", "faststream_subscriber.py"])
async def test_an_example_reads_its_queue(example: str, rabbitmq: RabbitMQ, requests: Requests) -> None:
    async with subscribed(rabbitmq, "tasks.*") as subscriber:
        command = await create_task(requests)
        async with running_example(example, subscriber) as output:
            line = await line_with(output, str(command.task_id))
    assert line.startswith("tasks.task_created.v1 ")


@pytest.mark.usefixtures("running_task_worker")
async def test_the_stream_is_read_from_its_beginning(rabbitmq: RabbitMQ, requests: Requests) -> None:
    await create_task(requests)
    async with (
        subscribed(rabbitmq, "*", stream=True) as subscriber,
        running_example("stream_replay.py", subscriber) as output,
    ):
        line = await line_with(output, "tasks.task_created.v1")
    assert line.split()[0].isdigit()


async def test_a_subscriber_may_read_its_queue_and_nothing_else(rabbitmq: RabbitMQ) -> None:
    async with subscribed(rabbitmq, "tasks.*") as subscriber:
        connection = await aio_pika.connect(subscriber.uri)
        async with connection:

            async def refused(what: str) -> bool:
                channel = await connection.channel()
                try:
                    match what:
                        case "read":
                            await (await channel.get_queue("notifier.activity", ensure=False)).get(fail=False)
                        case "declare":
                            await channel.declare_queue("mine")
                        case "bind":
                            await (await channel.get_queue(subscriber.queue)).bind("taskmesh.events", "auth.#")
                        case "write":
                            exchange = await channel.get_exchange("taskmesh.events", ensure=False)
                            await exchange.publish(aio_pika.Message(b"{}"), "tasks.task_created.v1")
                except ChannelAccessRefused:
                    return True
                return False

            assert [await refused(what) for what in ("read", "declare", "bind", "write")] == [True] * 4


def test_patterns_become_routing_keys() -> None:
    assert routing_keys(["*", "tasks.*", "auth.logged_in.v1"]) == ["#", "tasks.#", "auth.logged_in.v1"]
    for wrong in ("task.*", "tasks", "tasks.task_*", "tasks.task_teleported.v1", ""):
        with pytest.raises(OpsError):
            routing_keys([wrong])
