"""The stack in the background: starting it, and stopping it from another process."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

from ops import processes
from ops.errors import OpsError
from ops.logfile import rotate
from ops.state import ROOT, StackState, make_logs_folder, read_state, running_state

_STOP_SECONDS = 90.0


def start(arguments: Sequence[str], say: Callable[[str], None]) -> StackState:
    """Returns when everything is ready."""
    log = make_logs_folder() / "supervisor.log"
    rotate(log)
    position = log.stat().st_size if log.exists() else 0
    with log.open("ab") as output:
        child = subprocess.Popen(
            [sys.executable, "-m", "ops", "up", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # the welcome, which is shown here
            stderr=output,
            cwd=ROOT,
            env={**os.environ, "NO_COLOR": "1"},
            start_new_session=True,
        )
    try:
        while child.poll() is None:
            position = _pass_on(log.read_bytes()[position:], position, say)
            state = read_state()
            if state and state["pid"] == child.pid and state["state"] == "ready":
                return state
            time.sleep(0.1)
    except KeyboardInterrupt:
        child.terminate()
        child.wait()
        raise
    _pass_on(log.read_bytes()[position:], position, say)
    raise OpsError(f"Taskmesh did not start. What it said is also in {log}.")


def _pass_on(news: bytes, position: int, say: Callable[[str], None]) -> int:
    whole, newline, _ = news.rpartition(b"\n")
    for line in whole.decode(errors="replace").splitlines():
        say(line)
    return position + len(whole + newline)


async def stop() -> bool:
    """Whether there was something to stop."""
    state = running_state()
    if state is None:
        return await asyncio.to_thread(_end_leftovers)
    supervisor = processes.find(state["pid"])
    if supervisor:
        await asyncio.to_thread(processes.end, [supervisor], _STOP_SECONDS)
    await asyncio.to_thread(_end_leftovers)
    return True


def _end_leftovers() -> bool:
    from ops.stack import Stack  # noqa: PLC0415  # late: it imports the drivers of both servers

    return Stack([], lambda _: None).end_orphans()
