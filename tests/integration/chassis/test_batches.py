"""Commands that share a transaction, with everything that can go wrong in one."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from uuid_utils.compat import uuid7

import task_worker.app
from chassis.errors import Refusal
from chassis.requests import Idempotency, OutcomeUnknown, Requests, Sender
from contracts.comments import AddComment
from contracts.message import Actor, Command
from contracts.tasks import CreateTask, NewTask, TaskPatch, UpdateTask
from task_worker.settings import Settings
from tests.chaos.proxy import Proxy
from tests.conftest import Addresses
from tests.eventually import eventually
from tests.integration.conftest import BUDGET

MANY = 40


@pytest.fixture
def settings(addresses: Addresses, scratch: Path) -> Settings:
    return Settings(
        database_url=addresses.database_url("task_worker"),
        amqp_url=addresses.amqp_url("task_worker"),
        object_storage_url=f"file://{scratch}/files",
    )


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[None]:
    async with task_worker.app.build(settings) as worker:
        yield
        await worker.drain()


def create(title: str = "A task") -> CreateTask:
    return CreateTask(task_id=uuid7(), task=NewTask(title=title))


def rename(task_id: UUID) -> UpdateTask:
    return UpdateTask(task_id=task_id, patch=TaskPatch(title="Renamed"))


async def send(requests: Requests, commands: Sequence[Command[Any]], actor: Actor) -> None:
    """They are in the queue when this returns, and nobody waits for an answer."""
    await asyncio.gather(*(requests.send(command, Sender(uuid7(), actor, BUDGET)) for command in commands))


async def count(superuser: asyncpg.Connection) -> int:
    return int(await superuser.fetchval("SELECT count(*) FROM tasks.tasks"))


async def one_event_for_each(superuser: asyncpg.Connection) -> bool:
    return bool(
        await superuser.fetchval(
            """
            SELECT count(*) = (SELECT sum(version) FROM tasks.tasks)
               AND count(DISTINCT command_id) = count(*)
              FROM tasks.event_log
            """
        )
    )


async def test_what_is_waiting_shares_a_transaction(
    requests: Requests, settings: Settings, superuser: asyncpg.Connection, ada: Actor
) -> None:
    await send(requests, [create() for _ in range(MANY)], ada)
    async with running(settings):
        await eventually(lambda: superuser.fetchval("SELECT count(*) = $1 FROM tasks.inbox", MANY))
    # Each transaction has an id, which every row that it wrote has.
    transactions = await superuser.fetchval("SELECT count(DISTINCT xmin::text) FROM tasks.tasks")
    assert await count(superuser) == MANY
    assert transactions <= MANY / 4
    assert await one_event_for_each(superuser)
    counted = await superuser.fetchval(
        "SELECT sum(n) FROM tasks.counts WHERE person_id = $1 AND kind = 'status'", ada.id
    )
    assert counted == MANY


async def test_twins_in_one_batch_are_one(
    requests: Requests, settings: Settings, superuser: asyncpg.Connection, ada: Actor
) -> None:
    by_id, by_key = create("By its id"), [create("By its key") for _ in range(3)]
    same = Sender(uuid7(), ada, BUDGET)
    await asyncio.gather(
        *(requests.send(by_id, same) for _ in range(3)),
        *(requests.send(each, Sender(uuid7(), ada, BUDGET, Idempotency("key", "sha"))) for each in by_key),
    )
    async with running(settings):
        await eventually(lambda: superuser.fetchval("SELECT count(*) = 4 FROM tasks.inbox WHERE reply IS NOT NULL"))
    assert await count(superuser) == 2
    assert await one_event_for_each(superuser)


async def test_a_bad_neighbour_costs_nobody(
    requests: Requests, settings: Settings, superuser: asyncpg.Connection, ada: Actor
) -> None:
    good = [create() for _ in range(MANY)]
    # Another command for a task that is there already: a defect, which no handler knows of.
    await send(requests, [*good, good[0], rename(uuid7())], ada)
    async with running(settings):
        await eventually(lambda: superuser.fetchval("SELECT count(*) = $1 FROM tasks.inbox", MANY + 1))
    assert await count(superuser) == MANY
    assert await superuser.fetchval("SELECT count(*) FROM tasks.inbox WHERE status = 404") == 1
    assert await one_event_for_each(superuser)


async def test_changes_that_are_waiting_are_made_together_and_each_is_decided_for_itself(
    requests: Requests, settings: Settings, superuser: asyncpg.Connection, ada: Actor
) -> None:
    tasks = [create() for _ in range(MANY)]
    await send(requests, tasks, ada)
    async with running(settings):
        await eventually(lambda: superuser.fetchval("SELECT count(*) = $1 FROM tasks.inbox", MANY))
    ids = [task.task_id for task in tasks]
    stale = UpdateTask(task_id=ids[0], patch=TaskPatch(title="Too late"), if_match=(7,))
    again = UpdateTask(task_id=ids[1], patch=TaskPatch(title="Renamed again"))
    comments = [AddComment(task_id=task_id, comment_id=uuid7(), content="Seen") for task_id in [*ids[2:10], uuid7()]]
    await send(requests, [*map(rename, ids), rename(uuid7()), stale, again, *comments], ada)
    async with running(settings):
        await eventually(lambda: superuser.fetchval("SELECT count(*) = $1 FROM tasks.inbox", 2 * MANY + 12))
    statuses = await superuser.fetch("SELECT status, count(*) FROM tasks.inbox GROUP BY status")
    assert {tuple(row) for row in statuses} == {(200, MANY + 1), (201, MANY + 8), (404, 2), (412, 1)}
    assert await superuser.fetchval("SELECT count(*) FROM tasks.tasks WHERE title LIKE 'Renamed%'") == MANY
    assert await superuser.fetchval("SELECT version FROM tasks.tasks WHERE id = $1", ids[1]) == 3
    assert await superuser.fetchval("SELECT sum(comment_count) FROM tasks.tasks") == 8
    assert await superuser.fetchval("SELECT count(DISTINCT xmin::text) FROM tasks.tasks") <= MANY / 4
    assert await one_event_for_each(superuser)


async def test_who_waits_for_a_row_waits_alone(
    requests: Requests, settings: Settings, superuser: asyncpg.Connection, ada: Actor
) -> None:
    first = create()
    async with running(settings):
        await requests.ask(first, Sender(uuid7(), ada, BUDGET))
        async with superuser.transaction():
            await superuser.fetchrow("SELECT FROM tasks.tasks WHERE id = $1 FOR UPDATE", first.task_id)
            late = asyncio.create_task(
                requests.ask(rename(first.task_id), Sender(uuid7(), ada, timedelta(milliseconds=600)))
            )
            others = [requests.ask(create(), Sender(uuid7(), ada, BUDGET)) for _ in range(MANY)]
            assert {reply.status for reply in await asyncio.gather(*others)} == {201}
            with pytest.raises((OutcomeUnknown, Refusal)):
                await late
        # It came too late, so that nothing comes of it any more.
        await requests.ask(rename(first.task_id), Sender(uuid7(), ada, BUDGET))
    assert await superuser.fetchval("SELECT version FROM tasks.tasks WHERE id = $1", first.task_id) == 2
    assert await one_event_for_each(superuser)


async def test_nobody_knows_whether_it_was_committed(
    addresses: Addresses, requests: Requests, settings: Settings, superuser: asyncpg.Connection, ada: Actor
) -> None:
    proxy = Proxy(addresses.database_url("task_worker"), seed=7)
    await proxy.start()
    proxy.cut_after = lambda sent: proxy.cuts == 0 and b"COMMIT" in sent
    try:
        through = settings.model_copy(update={"database_url": type(settings.database_url)(proxy.url)})
        async with running(through):
            asked = [requests.ask(create(), Sender(uuid7(), ada, BUDGET)) for _ in range(MANY)]
            assert {reply.status for reply in await asyncio.gather(*asked)} == {201}
        assert proxy.cuts == 1
    finally:
        await proxy.stop()
    assert await count(superuser) == MANY
    assert await one_event_for_each(superuser)
