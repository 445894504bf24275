import pytest

from chassis.errors import Unavailable
from chassis.requests import _Waiting
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
