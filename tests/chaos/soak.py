"""Random faults, one at a time, and what each process holds as time goes by."""

import random
import time
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tests.chaos.report import Report, play, play_all
from tests.chaos.scenarios import SCENARIOS
from tests.chaos.world import World, clients_of, usage

_STEADY = ("F1", "F5", "F7", "F8", "F10", "F12", "F18", "F19", "F20", "F21", "F24", "F29")
"""Those that leave every process alive, so that what it holds can be compared."""
_GROWTH = 0.10  # of memory over the last half
_OPEN_FILES = 10


@dataclass
class Soak:
    report: Report
    files: dict[str, list[int]] = field(default_factory=dict)
    """Open after each fault, without the connections that clients keep to the gateway."""
    memory: dict[str, list[int]] = field(default_factory=dict)
    """Kilobytes, after each fault."""

    @property
    def leaks(self) -> list[str]:
        found = []
        for name, samples in self.memory.items():
            half = samples[len(samples) // 2]
            if samples[-1] > half * (1 + _GROWTH):
                found.append(f"{name} grew from {half} to {samples[-1]} KB in the last half")
        for name, files in self.files.items():
            # Some are open only while something is under way.
            least = min(files[len(files) // 2 :])
            if least > files[0] + _OPEN_FILES:
                found.append(f"{name} has never less than {least} files open, and had {files[0]}")
        return found

    @property
    def good(self) -> bool:
        return self.report.good and not self.leaks

    def as_json(self) -> dict[str, Any]:
        return {"good": self.good, "leaks": self.leaks, **asdict(self)}

    def as_text(self) -> str:
        rows = [
            f"{name:<12} {' '.join(map(str, samples))} KB, files {' '.join(map(str, self.files[name]))}"
            for name, samples in self.memory.items()
        ]
        return "\n".join([self.report.as_text(), *rows, *(self.leaks or ["nothing leaks"])])


async def soak(world: World, seed: int, *, minutes: float) -> Soak:
    chance, until = random.Random(seed), time.monotonic() + minutes * 60
    steady = [scenario for scenario in SCENARIOS if scenario.id in _STEADY]
    results, held = [], Soak(Report(seed))
    while time.monotonic() < until:
        results.append(await play(world, chance.choice(steady)))
        for name, service in world.running.services.items():
            if service.pid:
                files, memory = usage(service.pid)
                if name == "gateway":
                    files -= clients_of(urlsplit(world.running.url).port or 0)
                held.files.setdefault(name, []).append(files)
                held.memory.setdefault(name, []).append(memory)
    held.report = await play_all(world, (), seed)
    held.report.results = results
    return held
