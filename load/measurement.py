"""What was counted while a load ran, and the figures that follow from it."""

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace

from hdrh.histogram import HdrHistogram

from load.requests import Answer

_LONGEST = 120_000_000  # µs
_DIGITS = 3


@dataclass(frozen=True)
class Result:
    target: str
    pace: str
    seconds: float
    accepted: int
    refused: int
    per_second: float
    """Accepted ones."""
    p50: float
    """In milliseconds, as those below; of what was accepted."""
    p90: float
    p99: float
    p999: float
    max: float
    answers: dict[str, int] = field(default_factory=dict)
    """By status; `none` where the connection broke or nothing came in time."""
    cpu: dict[str, float] = field(default_factory=dict)
    """µs of each process per answered request."""


class Measurement:
    def __init__(self) -> None:
        self._latencies = HdrHistogram(1, _LONGEST, _DIGITS)
        self.statuses: Counter[int | None] = Counter()
        self.accepted = 0

    @property
    def answered(self) -> int:
        return self.statuses.total()

    def record(self, answer: Answer, seconds: float) -> None:
        self.statuses[answer.status] += 1
        if answer.accepted:
            self.accepted += 1
            self.record_latency(seconds)

    def record_latency(self, seconds: float) -> None:
        self._latencies.record_value(min(_LONGEST, max(1, round(seconds * 1_000_000))))

    def result(self, target: str, pace: str, seconds: float, cpu: dict[str, float]) -> Result:
        """`cpu`: seconds that each process has used."""

        def milliseconds(percentile: float) -> float:
            return float(self._latencies.get_value_at_percentile(percentile)) / 1000

        return Result(
            target=target,
            pace=pace,
            seconds=seconds,
            accepted=self.accepted,
            refused=self.answered - self.accepted,
            per_second=self.accepted / seconds if seconds else 0.0,
            p50=milliseconds(50),
            p90=milliseconds(90),
            p99=milliseconds(99),
            p999=milliseconds(99.9),
            max=milliseconds(100),
            answers={str(status or "none"): count for status, count in sorted(self.statuses.items(), key=str)},
            cpu={name: used * 1_000_000 / max(1, self.answered) for name, used in cpu.items()},
        )


def median(results: Sequence[Result]) -> Result:
    """Of rounds of the same target and pace, figure by figure; counts are those of all rounds."""
    figures = {
        each.name: statistics.median(getattr(result, each.name) for result in results)
        for each in fields(Result)
        if each.type in {"float", float}
    }
    answers: Counter[str] = Counter()
    for result in results:
        answers.update(result.answers)
    names = dict.fromkeys(name for result in results for name in result.cpu)
    return replace(
        results[0],
        **figures,
        accepted=sum(result.accepted for result in results),
        refused=sum(result.refused for result in results),
        answers=dict(answers),
        cpu={name: statistics.median(result.cpu.get(name, 0.0) for result in results) for name in names},
    )


def medians(results: Sequence[Result]) -> list[Result]:
    groups: dict[tuple[str, str], list[Result]] = {}
    for result in results:
        groups.setdefault((result.pace, result.target), []).append(result)
    return [median(group) for group in groups.values()]
