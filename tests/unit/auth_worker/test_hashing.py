"""The processes that hash: they let others go first, they may die, and they never outlive who started them."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from auth_worker.passwords import Passwords
from chassis.errors import Unavailable
from contracts.problems import OVERLOADED
from ops import processes
from ops.state import ROOT
from tests.eventually import eventually

PASSWORD = "Correct-Horse-7-Battery"
PROGRAM = f"""
import asyncio
from auth_worker.passwords import Passwords

async def main():
    await Passwords(memory=1024, passes=1, lanes=1).hash({PASSWORD!r})
    print("hashed", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


def hashing(parent: int) -> list[int]:
    return [each.pid for each in processes.descendants(parent) if "auth_worker.hashing" in each.command]


@pytest.fixture
async def passwords() -> AsyncIterator[Passwords]:
    async with aclosing(Passwords(memory=1024, passes=1, lanes=1)) as passwords:
        yield passwords


async def test_they_let_others_go_first(passwords: Passwords) -> None:
    await passwords.hash(PASSWORD)
    [pid] = hashing(os.getpid())
    assert os.getpriority(os.PRIO_PROCESS, pid) == max(15, os.getpriority(os.PRIO_PROCESS, 0))
    # Niceness counts within a session alone where Linux makes a group of each.
    assert os.getsid(pid) == pid


async def test_they_start_when_they_are_needed_and_end_with_the_pool() -> None:
    async with aclosing(Passwords(memory=1024, passes=1, lanes=1)) as passwords:
        assert hashing(os.getpid()) == []
        await asyncio.gather(*(passwords.hash(PASSWORD) for _ in range(8)))
        assert len(hashing(os.getpid())) == os.cpu_count()
    assert hashing(os.getpid()) == []


async def test_when_one_dies_who_is_with_it_is_refused_and_the_next_is_not(passwords: Passwords) -> None:
    hashed = await passwords.hash(PASSWORD)
    [pid] = hashing(os.getpid())
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(Unavailable) as refused:
        await passwords.verify(PASSWORD, hashed)
    assert refused.value.problem == OVERLOADED
    assert await passwords.verify(PASSWORD, hashed)


async def test_nobody_gets_the_answer_of_one_who_left(passwords: Passwords) -> None:
    hashed = await passwords.hash(PASSWORD)
    leaving = asyncio.create_task(passwords.hash("another"))
    await asyncio.sleep(0)
    assert len(passwords._processes) < (os.cpu_count() or 1), "it is being hashed"
    leaving.cancel()
    await asyncio.wait([leaving])
    answers = await asyncio.gather(*(passwords.verify(PASSWORD, hashed) for _ in range(8)))
    assert answers == [True] * 8


async def test_they_end_with_a_service_that_is_killed() -> None:
    service = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROGRAM), env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=asyncio.subprocess.PIPE
    )
    assert service.stdout
    await service.stdout.readline()
    [pid] = hashing(service.pid)
    service.kill()
    await service.wait()
    await eventually(lambda: processes.find(pid) is None)
