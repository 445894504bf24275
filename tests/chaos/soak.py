"""Random faults, one at a time, and what each process holds as time goes by."""

import random
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tests.chaos.report import Report, play, play_all
from tests.chaos.scenarios import SCENARIOS
from tests.chaos.world import World, clients_of, metric, usage

_STEADY = ("F1", "F5", "F7", "F8", "F10", "F12", "F18", "F19", "F20", "F21", "F24", "F29")
"""Those that leave every process alive, so that what it holds can be compared."""
_GROWTH = 0.10  # of memory over the last half
_FILES = 10
_TASKS = 10


@dataclass
class Held:
    """By one process, after each fault."""

    memory: list[int] = field(default_factory=list)
    """Kilobytes."""
    files: list[int] = field(default_factory=list)
    tasks: list[int] = field(default_factory=list)
    """Of the event loop. Both without those of the connections that clients keep to the gateway."""


@dataclass
class Soak:
    report: Report
    held: dict[str, Held] = field(default_factory=dict)

    @property
    def leaks(self) -> list[str]:
        found = []
        for name, held in self.held.items():
            half, last = held.memory[len(held.memory) // 2], held.memory[-1]
            if last > half * (1 + _GROWTH):
                found.append(f"{name} grew from {half} to {last} KB in the last half")
            for what, counts, more in (("files", held.files, _FILES), ("tasks", held.tasks, _TASKS)):
                # Some are there only while something is under way.
                least = min(counts[len(counts) // 2 :])
                if least > counts[0] + more:
                    found.append(f"{name} has never less than {least} {what}, and had {counts[0]}")
        return found

    @property
    def good(self) -> bool:
        return self.report.good and not self.leaks

    def as_json(self) -> dict[str, Any]:
        return {"good": self.good, "leaks": self.leaks, **asdict(self)}

    def as_text(self) -> str:
        rows = [
            f"{name:<12} {_row(held.memory)} KB, files {_row(held.files)}, tasks {_row(held.tasks)}"
            for name, held in self.held.items()
        ]
        return "\n".join([self.report.as_text(), *rows, *(self.leaks or ["nothing leaks"])])


async def soak(world: World, seed: int, *, minutes: float) -> Soak:
    chance, until = random.Random(seed), time.monotonic() + minutes * 60
    steady = [scenario for scenario in SCENARIOS if scenario.id in _STEADY]
    results, so_far = [], Soak(Report(seed))
    while time.monotonic() < until:
        results.append(await play(world, chance.choice(steady)))
        for name, service in world.running.services.items():
            if service.pid:
                files, memory = usage(service.pid)
                tasks = int(await metric(service.health_port, "taskmesh_event_loop_tasks"))
                # The gateway has a file and a task for each connection that a client keeps.
                clients = clients_of(urlsplit(world.running.url).port or 0) if name == "gateway" else 0
                held = so_far.held.setdefault(name, Held())
                held.memory.append(memory)
                held.files.append(files - clients)
                held.tasks.append(tasks - clients)
    so_far.report = await play_all(world, (), seed)
    so_far.report.results = results
    return so_far


def _row(samples: Sequence[int]) -> str:
    return " ".join(map(str, samples))
