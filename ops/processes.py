"""Processes other than our children: who they are, and how to end them."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_HAS_PROC = (_PROC / "self/stat").exists()  # otherwise ps is asked, as on macOS


@dataclass(frozen=True)
class Process:
    pid: int
    parent: int
    started: str  # together with the pid it tells a process from a later one with the same pid
    command: str


def _from_proc(pids: Iterable[int]) -> Iterable[Process]:
    boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
    for pid in pids:
        with suppress(OSError):  # it ended meanwhile
            # The name, the second field, may itself hold blanks and brackets.
            state, parent, *rest = (_PROC / f"{pid}/stat").read_text().rpartition(")")[2].split()
            if state not in {"Z", "X"}:
                command = (_PROC / f"{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                yield Process(pid, int(parent), f"{boot}:{rest[17]}", command)


def _listed() -> Iterable[Process]:
    listing = subprocess.run(
        ["ps", "-A", "-ww", "-o", "pid=,ppid=,stat=,lstart=,command="],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "LC_ALL": "C"},
    )
    for line in listing.stdout.splitlines():
        pid, parent, state, weekday, month, day, clock, year, *command = line.split(maxsplit=8)
        if not state.startswith("Z"):
            yield Process(int(pid), int(parent), f"{weekday} {month} {day} {clock} {year}", "".join(command))


def running() -> list[Process]:
    if _HAS_PROC:
        return list(_from_proc(int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit()))
    return list(_listed())


def find(pid: int) -> Process | None:
    candidates = _from_proc([pid]) if _HAS_PROC else _listed()
    return next((process for process in candidates if process.pid == pid), None)


def still_runs(pid: int, started: str) -> bool:
    process = find(pid)
    return process is not None and process.started == started


def descendants(pid: int) -> list[Process]:
    everyone = running()
    family, grown = {pid}, True
    while grown:
        children = {process.pid for process in everyone if process.parent in family}
        grown = not children <= family
        family |= children
    return [process for process in everyone if process.pid in family - {pid}]


def group(leader: int) -> list[Process]:
    def is_in(process: Process) -> bool:
        with suppress(OSError):  # it ended meanwhile; on macOS also: it belongs to another session
            return os.getpgid(process.pid) == leader
        return False

    return [process for process in running() if is_in(process)]


def wait_gone(processes: Iterable[Process], seconds: float) -> list[Process]:
    """Those that still run after `seconds`."""
    left, deadline = set(processes), time.monotonic() + seconds
    while True:
        left &= set(running())
        if not left or time.monotonic() > deadline:
            return list(left)
        time.sleep(0.05)


def end(processes: Iterable[Process], seconds: float, first: signal.Signals = signal.SIGTERM) -> None:
    """Ask with `first`, and after `seconds` leave no choice."""
    left = list(processes)
    for number, patience in ((first, seconds), (signal.SIGKILL, 5.0)):
        for process in left:
            with suppress(ProcessLookupError):
                os.kill(process.pid, number)
        left = wait_gone(left, patience)
        if not left:
            return


def end_matching(is_ours: Callable[[Process], bool], seconds: float, first: signal.Signals = signal.SIGTERM) -> int:
    ours = [process for process in running() if process.pid != os.getpid() and is_ours(process)]
    end(ours, seconds, first)
    return len(ours)
