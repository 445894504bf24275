"""What was tried and what came of it: a table to read, and the same as JSON."""

import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from tests.chaos.findings import Finding
from tests.chaos.invariants import examine
from tests.chaos.scenarios import Scenario
from tests.chaos.world import World


@dataclass(frozen=True)
class Result:
    id: str
    fault: str
    state: Literal["ok", "failed", "skipped"]
    figure: str
    seconds: float = 0.0


@dataclass
class Report:
    seed: int
    results: list[Result] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def good(self) -> bool:
        states = [each.state for each in self.results] + [each.state for each in self.findings]
        return "failed" not in states

    def as_json(self) -> dict[str, Any]:
        return {"good": self.good, **asdict(self)}

    def as_text(self) -> str:
        rows = [(each.id, each.state, f"{each.seconds:.0f} s", each.fault, each.figure) for each in self.results]
        rows += [(each.name, each.state, "", each.what, each.figure) for each in self.findings]
        wide = [max(len(row[column]) for row in rows) for column in range(4)]
        lines = [
            "  ".join([*(cell.ljust(width) for cell, width in zip(row, wide, strict=False)), row[4]]) for row in rows
        ]
        return "\n".join([f"seed {self.seed}: {'good' if self.good else 'NOT GOOD'}", *lines])


async def play(world: World, scenario: Scenario) -> Result:
    if isinstance(scenario.run, str):
        return Result(scenario.id, scenario.fault, "skipped", scenario.run)
    started = time.monotonic()
    try:
        figure = await scenario.run(world)
    except AssertionError as broken:
        return Result(scenario.id, scenario.fault, "failed", str(broken), time.monotonic() - started)
    finally:
        await world.recover()
    return Result(scenario.id, scenario.fault, "ok", figure, time.monotonic() - started)


async def play_all(world: World, scenarios: Sequence[Scenario], seed: int, *, until: float = float("inf")) -> Report:
    """Those that `until` (monotonic seconds) leaves no time for are skipped, and say so."""
    report = Report(seed)
    for scenario in scenarios:
        if time.monotonic() > until:
            report.results.append(Result(scenario.id, scenario.fault, "skipped", "no time was left"))
        else:
            result = await play(world, scenario)
            sys.stderr.write(f"{result.id} {result.state} in {result.seconds:.0f} s: {result.fault}: {result.figure}\n")
            report.results.append(result)
    world.traffic.end()
    await world.quiet()
    report.findings = await examine(world)
    return report
