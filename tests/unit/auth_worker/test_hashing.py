"""The processes that hash: they step back, they may die, and they never outlive who started them."""

import asyncio
import multiprocessing
import os
import signal
import sys
from contextlib import suppress

from auth_worker.passwords import Passwords
from chassis.errors import Unavailable
from ops import processes
from ops.state import ROOT
from tests.eventually import eventually

PASSWORD = "Correct-Horse-7-Battery"
PROGRAM = f"""
import asyncio, multiprocessing
from auth_worker.passwords import Passwords

async def main():
    await Passwords(memory=1024, passes=1, lanes=1).hash({PASSWORD!r})
    print(*(each.pid for each in multiprocessing.active_children()), flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


def children() -> list[int]:
    return [each.pid for each in multiprocessing.active_children() if each.pid]


async def test_they_let_others_go_first() -> None:
    passwords, before = Passwords(memory=1024, passes=1, lanes=1), children()
    await passwords.hash(PASSWORD)
    new = set(children()) - set(before)
    assert new
    assert {os.getpriority(os.PRIO_PROCESS, pid) - os.getpriority(os.PRIO_PROCESS, 0) for pid in new} == {10}


async def test_when_one_is_killed_others_take_its_place() -> None:
    passwords, before = Passwords(memory=1024, passes=1, lanes=1), children()
    hashed = await passwords.hash(PASSWORD)
    for pid in set(children()) - set(before):
        os.kill(pid, signal.SIGKILL)
    with suppress(Unavailable):  # whoever was with it; it may be noticed before
        await passwords.verify(PASSWORD, hashed)
    assert await passwords.verify(PASSWORD, hashed)


async def test_they_end_with_a_service_that_is_killed() -> None:
    service = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROGRAM), env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=asyncio.subprocess.PIPE
    )
    assert service.stdout
    pids = [int(pid) for pid in (await service.stdout.readline()).split()]
    assert pids
    assert all(processes.find(pid) for pid in pids)
    service.kill()
    await service.wait()
    await eventually(lambda: not any(processes.find(pid) for pid in pids))
