"""What each part of the stack has used of the processors, from /proc."""

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from ops.processes import descendants
from ops.state import StackState

_PROC = Path("/proc")
_TICK = os.sysconf("SC_CLK_TCK")
_NAMES = {"rabbitmq": "broker"}

Parts = Mapping[str, Sequence[int]]
"""The roots of the process trees of each part, by its name."""


def missing(parts: Parts) -> str | None:
    """Why there are no figures, if there are none."""
    if not (_PROC / "self/stat").exists():
        return "this system has no /proc"
    if not parts:
        return "the stack was not started here"
    return None


def parts_of(state: StackState) -> dict[str, list[int]]:
    """Replicas count as one."""
    parts: dict[str, list[int]] = {}
    for name, service in state["services"].items():
        if service["pid"] and name != "mail":
            base = name.partition("-")[0]
            parts.setdefault(_NAMES.get(base, base), []).append(service["pid"])
    return parts


def seconds(parts: Parts) -> dict[str, float]:
    """A child that has ended is in the figures of its parent."""
    if missing(parts):
        return {}
    return {name: sum(map(_tree, pids)) for name, pids in parts.items()} | {"generator": sum(os.times()[:2])}


def used(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    return {name: max(0.0, after[name] - before[name]) for name in after if name in before}


def _tree(pid: int) -> float:
    family = [pid, *(process.pid for process in descendants(pid))]
    return sum(_ticks(family)) / _TICK


def _ticks(pids: Iterable[int]) -> Iterable[int]:
    for pid in pids:
        with suppress(OSError):  # it ended meanwhile
            values = (_PROC / f"{pid}/stat").read_text().rpartition(")")[2].split()
            yield sum(int(value) for value in values[11:15])
