from chassis.breaker import Breaker
from tests.eventually import eventually


def open_breaker(*, pause: float) -> Breaker:
    breaker = Breaker(failures=2, pause=pause)
    breaker.failed()
    breaker.failed()
    return breaker


def test_a_single_failure_refuses_nobody() -> None:
    breaker = Breaker(failures=2, pause=60)
    breaker.failed()
    assert (breaker.is_open, breaker.allows()) == (False, True)


def test_failures_in_a_row_refuse_everybody() -> None:
    breaker = open_breaker(pause=60)
    assert (breaker.is_open, breaker.allows()) == (True, False)


def test_a_success_in_between_starts_the_count_again() -> None:
    breaker = Breaker(failures=2, pause=60)
    breaker.failed()
    breaker.succeeded()
    breaker.failed()
    assert breaker.allows()


async def test_after_the_pause_one_is_let_through_and_no_second() -> None:
    breaker = open_breaker(pause=0.05)
    assert not breaker.allows()
    assert await eventually(breaker.allows, within=2)
    assert not breaker.allows()


async def test_the_one_that_succeeds_opens_the_way_for_all() -> None:
    breaker = open_breaker(pause=0.05)
    await eventually(breaker.allows, within=2)
    breaker.succeeded()
    assert [breaker.allows() for _ in range(3)] == [True, True, True]


async def test_the_one_that_fails_begins_another_pause() -> None:
    breaker = open_breaker(pause=0.05)
    await eventually(breaker.allows, within=2)
    breaker.failed()
    assert not breaker.allows()
    assert await eventually(breaker.allows, within=2)
