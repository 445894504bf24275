import asyncio

import pytest

from load.pace import Connections, Rate


class JumpingClock:
    """Moves only when somebody waits for a moment, or says that time went by."""

    def __init__(self) -> None:
        self.time = 100.0

    def now(self) -> float:
        return self.time

    async def until(self, moment: float) -> None:
        self.time = max(self.time, moment)
        await asyncio.sleep(0)


async def test_a_stall_counts_for_all_that_should_have_been_sent_in_it() -> None:
    """The hundred requests of that second waited for it, although none of them was sent in it."""
    clock = JumpingClock()
    latencies: list[float] = []

    async def act(due: float) -> None:
        if not latencies:
            clock.time += 1.0
        latencies.append(clock.now() - due)

    await Rate(100).run(act, seconds=3, stopping=asyncio.Event(), clock=clock)
    assert len(latencies) == 300
    assert sum(1 for latency in latencies if latency > 0.5) == pytest.approx(50, abs=2)
    assert max(latencies) == pytest.approx(1.0, abs=0.02)
    assert min(latencies) == 0.0


async def test_a_rate_is_kept_whatever_the_answers_take() -> None:
    clock, began, answered = JumpingClock(), 0, asyncio.Event()

    async def act(_: float) -> None:
        nonlocal began
        began += 1
        if began == 20:
            answered.set()
        await answered.wait()

    await Rate(10).run(act, seconds=2, stopping=asyncio.Event(), clock=clock)
    assert began == 20
    assert clock.now() == pytest.approx(101.9)


async def test_a_closed_loop_has_so_many_under_way_and_no_more() -> None:
    clock, under_way, most, count = JumpingClock(), 0, 0, 0

    async def act(_: float) -> None:
        nonlocal under_way, most, count
        under_way += 1
        most, count = max(most, under_way), count + 1
        await clock.until(clock.now() + 0.25)
        under_way -= 1

    await Connections(4).run(act, seconds=2, stopping=asyncio.Event(), clock=clock)
    assert most == 4
    assert 8 <= count <= 11


@pytest.mark.parametrize("pace", [Rate(10), Connections(2)])
async def test_it_ends_when_it_is_told_and_waits_for_what_is_under_way(pace: Rate | Connections) -> None:
    clock, stopping, ended = JumpingClock(), asyncio.Event(), 0

    async def act(_: float) -> None:
        nonlocal ended
        stopping.set()
        await clock.until(clock.now() + 0.1)
        ended += 1

    await pace.run(act, seconds=3600, stopping=stopping, clock=clock)
    assert 1 <= ended <= 2
