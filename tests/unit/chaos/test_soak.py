import pytest

from tests.chaos.report import Report
from tests.chaos.soak import Held, Soak

STEADY = [60_000, 80_000, 81_000, 80_500]
SOME = [17, 40, 19, 18]  # one sample fell into a moment in which much was under way


def leaks_of(held: dict[str, list[int]]) -> list[str]:
    return Soak(Report(7), {"gateway": Held(**{"memory": STEADY, "files": SOME, "tasks": SOME} | held)}).leaks


def test_what_rises_and_falls_is_no_leak() -> None:
    assert leaks_of({}) == []


@pytest.mark.parametrize(
    ("held", "leak"),
    [
        ({"memory": [60_000, 70_000, 80_000, 90_000]}, "gateway grew from 80000 to 90000 KB in the last half"),
        ({"files": [17, 25, 34, 41]}, "gateway has never less than 34 files, and had 17"),
        ({"tasks": [17, 25, 34, 41]}, "gateway has never less than 34 tasks, and had 17"),
    ],
)
def test_what_only_rises_is_one(held: dict[str, list[int]], leak: str) -> None:
    assert leaks_of(held) == [leak]
