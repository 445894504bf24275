"""The figures as plain text."""

from collections.abc import Iterable, Sequence

from load.measurement import Result

_COLUMNS = ("target", "pace", "accepted/s", "p50 ms", "p90", "p99", "p99.9", "max", "refused")


def table(results: Sequence[Result]) -> str:
    rows = [
        (
            each.target,
            each.pace,
            f"{each.per_second:,.1f}",
            *(f"{value:,.1f}" for value in (each.p50, each.p90, each.p99, each.p999, each.max)),
            f"{each.refused:,}",
        )
        for each in results
    ]
    return _aligned([_COLUMNS, *rows])


def cpu_table(results: Sequence[Result]) -> str:
    """µs per answered request."""
    names = list(dict.fromkeys(name for each in results for name in each.cpu))
    if not names:
        return ""
    rows = [
        (each.target, each.pace, *(f"{each.cpu[name]:,.0f}" if name in each.cpu else "-" for name in names))
        for each in results
        if each.cpu
    ]
    return _aligned([("CPU µs/request", "pace", *names), *rows])


def ratios(results: Sequence[Result], *, ours: str = "taskmesh") -> list[str]:
    """Of ours to each yardstick at the same pace."""
    lines = []
    for mine in (each for each in results if each.target == ours):
        for other in (each for each in results if each.pace == mine.pace and each.target != ours):
            line = (
                f"{mine.pace}: {ours} / {other.target} = {_ratio(mine.per_second, other.per_second)} of the throughput"
            )
            lines.append(f"{line}, {_ratio(mine.p50, other.p50)} of p50, {_ratio(mine.p99, other.p99)} of p99")
    return lines


def answers(results: Iterable[Result]) -> list[str]:
    """Where something else than one kind of answer came."""
    return [
        f"{each.target} {each.pace} was answered "
        + ", ".join(f"{count:,} times with {status}" for status, count in each.answers.items())
        for each in results
        if len(each.answers) > 1
    ]


def _ratio(mine: float, other: float) -> str:
    return f"{mine / other:.2f}" if other else "-"


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    left = 2  # columns of words; those after them are figures
    return "\n".join(
        "  ".join(
            cell.ljust(width) if number < left else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
