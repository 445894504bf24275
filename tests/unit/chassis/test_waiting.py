import pytest
from prometheus_client import REGISTRY

from chassis.errors import Unavailable
from chassis.requests import _Raw, _Waiting
from contracts.problems import OVERLOADED


async def test_what_is_slow_takes_no_more_than_its_own_places() -> None:
    waiting = _Waiting(10, None, {"slow": 2})
    with waiting.place(None, "slow"), waiting.place(None, "slow"):
        with pytest.raises(Unavailable) as refused, waiting.place(None, "slow"):
            raise AssertionError("a third place was given away")
        assert refused.value.problem == OVERLOADED
        with waiting.place(None, "quick"):
            pass
    with waiting.place(None, "slow"):
        pass


async def test_there_is_an_end_to_all_places_together() -> None:
    waiting = _Waiting(1, None, {"slow": 2})
    with waiting.place(None, "quick"), pytest.raises(Unavailable), waiting.place(None, "slow"):
        raise AssertionError("a second place was given away")


def stray_replies() -> float:
    return REGISTRY.get_sample_value("taskmesh_stray_replies_total") or 0.0


async def test_the_first_of_two_replies_counts_and_a_strangers_does_not() -> None:
    """A13"""
    waiting, strays = _Waiting(10, None, {}), stray_replies()
    first, second = _Raw(200, b"first", None, replayed=False), _Raw(500, b"second", None, replayed=False)
    with waiting.place(None, "quick") as (correlation_id, answer):
        waiting.settle("nobody's", second)
        waiting.settle(None, second)
        waiting.settle(correlation_id, first)
        waiting.settle(correlation_id, second)
        assert await answer is first
    waiting.settle(correlation_id, second)
    assert stray_replies() - strays == 4
