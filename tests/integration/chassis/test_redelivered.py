"""A command that came back to the queue: whoever had it may have carried it out before he died."""

import asyncio
from datetime import timedelta

import aio_pika
import asyncpg
import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs
from uuid_utils.compat import uuid7

import task_worker.app
from chassis.errors import Refusal
from chassis.requests import Idempotency, OutcomeUnknown, Requests, Sender
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


@pytest.mark.usefixtures("running_task_worker")
async def test_what_was_accepted_waits_for_the_transaction_of_a_worker_that_died(
    requests: Requests, superuser: asyncpg.Connection, ada: Actor
) -> None:
    command, sender = create(), Sender(uuid7(), ada, BUDGET, Idempotency("a key", "a fingerprint"))
    left_behind = superuser.transaction()
    await left_behind.start()
    await superuser.execute(
        "INSERT INTO tasks.inbox (scope, dedup_key, request_sha, command_id, type) VALUES ($1, $2, $3, $4, $5)",
        *(ada.id, "k:a key", "a fingerprint", sender.message_id, CreateTask.wire_name),
    )
    with capture_logs() as logs:
        await requests.send(command, sender)
        await eventually(lambda: any(line["event"] == "holding messages" for line in logs))
    await left_behind.rollback()
    is_done = "SELECT EXISTS (SELECT FROM tasks.tasks WHERE id = $1)"
    await eventually(lambda: superuser.fetchval(is_done, command.task_id))


@pytest.fixture
def without_database(addresses: Addresses) -> Settings:
    return Settings(
        database_url=NO_DATABASE, amqp_url=SecretStr(addresses.amqp_url("task_worker")), object_storage_url="memory:///"
    )
