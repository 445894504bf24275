"""The activity log is sealed, equal to what the event logs say, and cannot be changed unnoticed."""

import asyncio
import os
import sys
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from uuid_utils.compat import uuid7

from chassis.database import open_database
from chassis.requests import Requests, Sender
from contracts.message import Actor, Command
from contracts.tasks import CreateTask, DeleteTask, NewTask, TaskPatch, UpdateTask
from notifier.audit import verify
from notifier.sealer import Sealer
from ops.state import ROOT
from tests.conftest import Addresses
from tests.eventually import eventually
from tests.integration.conftest import BUDGET

pytestmark = pytest.mark.usefixtures("running_task_worker", "running_notifier")


@pytest.fixture
async def busy(requests: Requests, ada: Actor, superuser: asyncpg.Connection) -> int:
    """How many rows a few changes have made."""
    task_id = uuid7()
    commands: tuple[Command[Any], ...] = (
        CreateTask(task_id=task_id, task=NewTask(title="a")),
        UpdateTask(task_id=task_id, patch=TaskPatch(title="b")),
        DeleteTask(task_id=task_id),
        CreateTask(task_id=uuid7(), task=NewTask(title="c")),
    )
    for command in commands:
        await requests.ask(command, Sender(uuid7(), ada, BUDGET))
    await eventually(lambda: superuser.fetchval("SELECT count(*) = 4 FROM notifier.activity"))
    return 4


async def seal(addresses: Addresses) -> None:
    async with open_database(addresses.database_url("notifier"), application="test", size=1) as database:
        await Sealer(database, every=timedelta(hours=1))._seal_next()


async def test_what_is_sealed_is_found_as_it_was(addresses: Addresses, busy: int) -> None:
    await seal(addresses)
    found = await verify(addresses.superuser_url)
    assert (found.problems, found.last and found.last.last_position, found.erased) == ([], busy, 0)


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE notifier.activity SET summary = 'nothing happened' WHERE position = 2",
        "UPDATE notifier.activity SET actor_id = gen_random_uuid() WHERE position = 1",
        "DELETE FROM notifier.activity WHERE position = 3",
        "UPDATE notifier.activity_seals SET seal = previous",
    ],
)
async def test_a_change_is_found(
    addresses: Addresses, busy: int, superuser: asyncpg.Connection, tampering: str
) -> None:
    await seal(addresses)
    await superuser.execute(tampering)
    found = await verify(addresses.superuser_url)
    assert found.problems == [f"segment 1-{busy} was tampered with"]


async def test_the_command_names_the_segment_and_ends_with_1(
    addresses: Addresses, busy: int, superuser: asyncpg.Connection
) -> None:
    """What `taskmesh audit verify` runs."""

    async def run() -> tuple[int | None, str]:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "DATABASE_URL": addresses.superuser_url}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "notifier.audit", stdout=asyncio.subprocess.PIPE, env=environment
        )
        output, _ = await process.communicate()
        return process.returncode, output.decode()

    assert await run() == (0, "Nothing is sealed yet.\n")
    await seal(addresses)
    code, output = await run()
    assert (code, output.startswith(f"Sealed through position {busy}: ")) == (0, True)
    await superuser.execute("UPDATE notifier.activity SET changes = '{}', data = '{}' WHERE position = 4")
    assert await run() == (1, f"segment 1-{busy} was tampered with\n")


async def test_a_segment_that_was_sealed_anew_does_not_fit_the_next(
    addresses: Addresses, busy: int, superuser: asyncpg.Connection, requests: Requests, ada: Actor
) -> None:
    await seal(addresses)
    await requests.ask(CreateTask(task_id=uuid7(), task=NewTask(title="d")), Sender(uuid7(), ada, BUDGET))
    await eventually(lambda: superuser.fetchval("SELECT count(*) = 5 FROM notifier.activity"))
    await seal(addresses)
    await superuser.execute("UPDATE notifier.activity SET summary = '' WHERE position = 1")
    await superuser.execute("DELETE FROM notifier.activity_seals WHERE first_position = 1")
    found = await verify(addresses.superuser_url)
    assert found.problems == ["segment 1-4 has no seal", "segment 5-5 does not follow the seal before it"]
    assert busy == 4


async def test_the_notifier_itself_may_not_change_what_it_wrote(addresses: Addresses, busy: int) -> None:
    """Pitfall F36"""
    assert busy
    connection = await asyncpg.connect(addresses.database_url("notifier"))
    for statement in (
        "UPDATE activity SET summary = ''",
        "DELETE FROM activity",
        "DELETE FROM activity_seals",
        "TRUNCATE activity",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    await connection.close()


async def test_the_activity_log_and_the_event_logs_are_equal(superuser: asyncpg.Connection, busy: int) -> None:
    """Both ways: nothing is missing, nothing is there that did not happen, and the data is the same bytes."""
    different = await superuser.fetch(
        """
        SELECT *
          FROM (SELECT event_id, type, data::text AS data FROM tasks.event_log) AS happened
          FULL JOIN (SELECT event_id, type, data::text AS data FROM notifier.activity) AS told
            ON told.event_id = happened.event_id
         WHERE told IS DISTINCT FROM happened
        """
    )
    assert (different, busy) == ([], 4)
