"""What is parked can be seen, sent back to the consumer that failed, or given up, and who did it is written down."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
from uuid_utils.compat import uuid7

from chassis.broker import Broker, Outgoing, open_broker
from chassis.commands import Commands
from chassis.consumer import Consumer
from chassis.database import open_database
from chassis.errors import Unprocessable
from chassis.requests import Requests, Sender
from chassis.subscription import Answer, CommandSubscription, Delivery
from chassis.topology import COMMANDS, QUERY_QUEUES
from contracts.message import Actor
from contracts.tasks import CreateTask, NewTask
from ops import dead_letters
from ops.dead_letters import Decision, Filter
from ops.errors import OpsError
from ops.servers import OperatorUrls
from ops.state import ROOT
from task_worker.app import build
from task_worker.settings import Settings
from tests.conftest import Addresses
from tests.eventually import eventually
from tests.integration.conftest import BUDGET

WHY = Decision("grace", "the defect is mended")
TASKS = Filter(queue="tasks.commands")
AGAIN = Filter(queue="tasks.commands", states=("parked", "replayed"))


@pytest.fixture
def urls(addresses: Addresses) -> OperatorUrls:
    return OperatorUrls(addresses.database_url("operator"), addresses.amqp_url("operator"))


@pytest.fixture
async def operator(urls: OperatorUrls) -> AsyncIterator[asyncpg.Connection]:
    async with dead_letters.open_letters(urls) as connection:
        yield connection


async def fail(_: CreateTask, __: Delivery) -> Answer:
    raise Unprocessable("validation", "a rule that is too strict")


@asynccontextmanager
async def broken_worker(addresses: Addresses) -> AsyncIterator[None]:
    async with (
        open_database(addresses.database_url("task_worker"), application="broken", size=8) as database,
        open_broker(addresses.amqp_url("task_worker"), "task_worker") as broker,
    ):
        commands = Commands([CommandSubscription(CreateTask, fail)], database, broker, committed=lambda: None)
        broker.consume("tasks.commands", Consumer(broker, "tasks.commands", commands.process).receive, prefetch=8)
        yield
        await broker.drain(5)


@asynccontextmanager
async def mended_worker(addresses: Addresses) -> AsyncIterator[None]:
    settings = Settings(
        database_url=addresses.database_url("task_worker"),
        amqp_url=addresses.amqp_url("task_worker"),
        object_storage_url="memory:///",
    )
    async with build(settings) as worker:
        yield
        await worker.drain()


def creation(ada: Actor, **changes: Any) -> Outgoing:
    command = CreateTask(task_id=uuid7(), task=NewTask(title="Water the plants"))
    message = {
        "exchange": COMMANDS,
        "routing_key": "tasks.commands",
        "body": command.model_dump_json().encode(),
        "message_id": str(uuid7()),
        "type": CreateTask.wire_name,
        "headers": {"x-actor": ada.model_dump_json(), "x-attempt": 5},
    }
    return Outgoing(**{**message, **changes})


async def parked(superuser: asyncpg.Connection, count: int) -> None:
    await eventually(
        lambda: superuser.fetchval("SELECT count(*) = $1 FROM notifier.dead_letter WHERE state = 'parked'", count),
        within=30,
    )


async def published(broker: Broker, *messages: Outgoing) -> None:
    await eventually(lambda: broker.can_publish)
    await asyncio.gather(*(broker.publish(message) for message in messages))


@pytest.mark.usefixtures("running_notifier")
async def test_a_hundred_are_parked_and_replayed_twice_with_a_hundred_effects(
    *,
    addresses: Addresses,
    urls: OperatorUrls,
    operator: asyncpg.Connection,
    superuser: asyncpg.Connection,
    gateway_broker: Broker,
    ada: Actor,
) -> None:
    async with broken_worker(addresses):
        await published(gateway_broker, *(creation(ada) for _ in range(100)))
        await parked(superuser, 100)
    async with mended_worker(addresses):
        first = await dead_letters.replay(operator, urls, TASKS, WHY, rate=1000)
        second = await dead_letters.replay(operator, urls, AGAIN, WHY, rate=1000)
        assert (len(first.replayed), len(second.replayed), first.kept, second.kept) == (100, 100, {}, {})
        # Behind everything that was replayed.
        await published(gateway_broker, creation(ada))
        await eventually(lambda: superuser.fetchval("SELECT count(*) >= 101 FROM tasks.tasks"))
        assert await superuser.fetchval("SELECT count(*) FROM tasks.tasks") == 101
        assert await superuser.fetchval("SELECT count(*) FROM tasks.event_log") == 101
    assert await superuser.fetchval("SELECT count(*) FROM notifier.dead_letter WHERE state <> 'replayed'") == 0
    journal = await superuser.fetch("SELECT DISTINCT action, decided_by, why FROM notifier.dead_letter_journal")
    assert [tuple(row) for row in journal] == [("replayed", "grace", "the defect is mended")]
    assert await superuser.fetchval("SELECT count(*) FROM notifier.dead_letter_journal") == 200


@pytest.mark.usefixtures("running_notifier")
async def test_what_somebody_waited_for_is_replayed_only_by_force(
    *,
    addresses: Addresses,
    urls: OperatorUrls,
    operator: asyncpg.Connection,
    superuser: asyncpg.Connection,
    requests: Requests,
    ada: Actor,
) -> None:
    async with broken_worker(addresses):
        command = CreateTask(task_id=uuid7(), task=NewTask(title="Water the plants"))
        answer = asyncio.create_task(requests.ask(command, Sender(uuid7(), ada, BUDGET)))
        await parked(superuser, 1)
        await asyncio.wait([answer])
        assert answer.exception() is not None
    async with mended_worker(addresses):
        kept = await dead_letters.replay(operator, urls, TASKS, WHY)
        assert (kept.replayed, len(kept.kept)) == ([], 1)
        forced = await dead_letters.replay(operator, urls, TASKS, WHY, force=True)
        assert (len(forced.replayed), forced.kept) == (1, {})
        await eventually(lambda: superuser.fetchval("SELECT count(*) = 1 FROM tasks.tasks"))


@pytest.mark.usefixtures("running_notifier", "running_task_worker")
async def test_what_cannot_come_back_is_kept_and_said(
    urls: OperatorUrls,
    operator: asyncpg.Connection,
    superuser: asyncpg.Connection,
    gateway_broker: Broker,
    ada: Actor,
) -> None:
    queue = next(queue.name for queue in QUERY_QUEUES if queue.name.startswith("tasks"))
    await published(gateway_broker, creation(ada, routing_key=queue))
    await parked(superuser, 1)
    result = await dead_letters.replay(operator, urls, Filter(queue=queue), WHY, force=True)
    assert list(result.kept.values()) == [f"nothing is sent again to {queue}"]
    await parked(superuser, 1)


@pytest.mark.usefixtures("running_notifier", "running_task_worker")
async def test_the_command_line_shows_no_secret_unless_told_why(
    urls: OperatorUrls, superuser: asyncpg.Connection, gateway_broker: Broker, ada: Actor
) -> None:
    async def taskmesh(*arguments: str) -> tuple[int, str]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "ops", "dead-letters", *arguments),
            cwd=ROOT,
            env={**os.environ, "OPERATOR_DATABASE_URL": urls.database, "OPERATOR_AMQP_URL": urls.amqp},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
        return process.returncode or 0, output.decode()

    body = json.dumps({"task_id": "x", "task": {"title": "a secret"}}).encode()
    await published(gateway_broker, creation(ada, body=body))
    await parked(superuser, 1)
    code, output = await taskmesh("list", "--json", "--reason", "validation")
    [listed] = json.loads(output)
    assert (code, listed["source_queue"], listed["state"]) == (0, "tasks.commands", "parked")

    number = str(listed["id"])
    code, output = await taskmesh("show", number)
    assert (code, json.loads(output)["headers"]["x-actor"]) == (0, "<redacted>")
    assert "a secret" not in output
    assert json.loads(json.loads(output)["body"]) == {"task_id": "<text of 1>", "task": {"title": "<text of 8>"}}
    assert (await taskmesh("show", number, "--reveal"))[0] == 1
    assert await superuser.fetchval("SELECT count(*) FROM notifier.dead_letter_journal") == 0
    code, output = await taskmesh("show", number, "--reveal", "--why", "ticket 7", "--by", "grace")
    assert (code, "a secret" in output) == (0, True)

    assert (await taskmesh("discard", "--why", "which?"))[0] == 1
    assert await taskmesh("discard", number, "--why", "junk", "--by", "grace") == (0, "1 discarded.\n")
    assert await taskmesh("replay", number, "--why", "oh") == (0, "0 replayed.\n")
    rows = await superuser.fetch("SELECT action, decided_by, why FROM notifier.dead_letter_journal ORDER BY id")
    assert [tuple(row) for row in rows] == [("revealed", "grace", "ticket 7"), ("discarded", "grace", "junk")]


async def test_no_decision_goes_without_a_reason() -> None:
    with pytest.raises(OpsError, match="--why"):
        Decision("grace", " ")
