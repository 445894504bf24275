"""What a run has to say, to people and to programs."""

import os
import platform
from dataclasses import asdict, dataclass, field
from typing import Any

from load.audit import Audit
from load.measurement import Result, medians
from load.table import answers, cpu_table, ratios, table


@dataclass
class Report:
    scenario: str
    says: str
    machine: str = field(
        default_factory=lambda: f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    )
    load_before: float = field(default_factory=lambda: os.getloadavg()[0])
    results: list[Result] = field(default_factory=list)
    audit: Audit | None = None
    skipped: list[str] = field(default_factory=list)
    profiles: dict[str, str] = field(default_factory=dict)
    interrupted: bool = False

    @property
    def code(self) -> int:
        """Of the process: 1 where something is lost, 130 where it was interrupted."""
        if self.audit and not self.audit.equal:
            return 1
        return 130 if self.interrupted else 0

    def as_text(self) -> str:
        found = medians(self.results)
        rounds = max((sum(1 for each in self.results if _kind(each) == _kind(one)) for one in found), default=0)
        parts = [
            f"{self.scenario}: {self.says}{f', medians of {rounds} rounds' if rounds > 1 else ''}",
            f"{self.machine}; load average {self.load_before:.1f} before",
            "Interrupted: this is what was measured until then." if self.interrupted else "",
            table(found) if found else "nothing was measured",
            cpu_table(found),
            "\n".join([*ratios(found), *answers(found)]),
            *(f"profile of {name}\n{text}" for name, text in self.profiles.items()),
            "\n".join(f"skipped: {each}" for each in self.skipped),
            str(self.audit) if self.audit else "",
        ]
        return "\n\n".join(part for part in parts if part)

    def as_json(self) -> dict[str, Any]:
        found = medians(self.results)
        return {
            **asdict(self),
            "audit": asdict(self.audit) | {"equal": self.audit.equal} if self.audit else None,
            "medians": [asdict(each) for each in found],
            "ratios": ratios(found),
        }


def _kind(result: Result) -> tuple[str, str]:
    return result.target, result.pace
