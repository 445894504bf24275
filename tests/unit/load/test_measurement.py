import pytest

from load.measurement import Measurement, medians
from load.requests import Answer


def test_percentiles_are_those_of_what_was_accepted() -> None:
    measured = Measurement()
    for milliseconds in range(1, 1001):
        measured.record(Answer(201), milliseconds / 1000)
    measured.record(Answer(503), 90.0)
    measured.record(Answer(None), 90.0)
    result = measured.result("taskmesh", "32 conn", 10.0, {"gateway": 0.1002})
    assert (result.accepted, result.refused, result.per_second) == (1000, 2, 100.0)
    assert result.answers == {"201": 1000, "503": 1, "none": 1}
    figures = (result.p50, result.p90, result.p99, result.p999, result.max)
    assert figures == pytest.approx((500, 900, 990, 999, 1000), rel=0.002)
    assert result.cpu == pytest.approx({"gateway": 100.0})


def test_nothing_measured_is_nothing_and_no_error() -> None:
    result = Measurement().result("taskmesh", "1/s", 0.0, {"gateway": 0.0})
    assert (result.accepted, result.per_second, result.p99) == (0, 0.0, 0.0)


def test_medians_are_of_each_figure_over_the_rounds() -> None:
    rounds = []
    for milliseconds, seconds in ((10, 1.0), (30, 2.0), (20, 4.0)):
        measured = Measurement()
        measured.record(Answer(201), milliseconds / 1000)
        rounds.append(measured.result("taskmesh", "1 conn", seconds, {"gateway": milliseconds / 1_000_000}))
        rounds.append(Measurement().result("direct", "1 conn", seconds, {}))
    ours, direct = medians(rounds)
    assert ours.p50 == pytest.approx(20, rel=0.002)
    assert (ours.per_second, ours.accepted, ours.answers) == (0.5, 3, {"201": 3})
    assert ours.cpu == pytest.approx({"gateway": 20.0})
    assert (direct.target, direct.accepted) == ("direct", 0)
