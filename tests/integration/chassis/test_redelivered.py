"""A command that came back to the queue: whoever had it may have carried it out before he died."""

import asyncio
from datetime import timedelta

import aio_pika
import pytest
from pydantic import SecretStr
from uuid_utils.compat import uuid7

import task_worker.app
from chassis.errors import Refusal
from chassis.requests import OutcomeUnknown, Requests, Sender
from contracts.message import Actor
from contracts.tasks import CreateTask, NewTask
from task_worker.settings import Settings
from tests.conftest import Addresses
from tests.eventually import eventually

BUDGET = timedelta(seconds=4)
NO_DATABASE = SecretStr("postgresql://task_worker:none@127.0.0.1:1/none")


def create() -> CreateTask:
    return CreateTask(task_id=uuid7(), task=NewTask(title="Water the plants"))


async def take_and_die(addresses: Addresses) -> None:
    """As a worker whose connection ends before it has acknowledged."""
    async with await aio_pika.connect(addresses.amqp_url("task_worker")) as connection:
        queue = await (await connection.channel()).get_queue("tasks.commands", ensure=False)
        await eventually(lambda: queue.get(no_ack=False, fail=False))


async def test_nobody_says_that_it_was_not_done(
    addresses: Addresses, requests: Requests, without_database: Settings, ada: Actor
) -> None:
    again = asyncio.create_task(requests.ask(create(), Sender(uuid7(), ada, BUDGET)))
    await take_and_die(addresses)
    async with task_worker.app.build(without_database) as worker:
        with pytest.raises(Refusal) as refusal:
            await requests.ask(create(), Sender(uuid7(), ada, BUDGET))
        assert refusal.value.problem.type.code == "database-unavailable"
        with pytest.raises(OutcomeUnknown):
            await again
        await worker.drain()


@pytest.fixture
def without_database(addresses: Addresses) -> Settings:
    return Settings(
        database_url=NO_DATABASE, amqp_url=SecretStr(addresses.amqp_url("task_worker")), object_storage_url="memory:///"
    )
