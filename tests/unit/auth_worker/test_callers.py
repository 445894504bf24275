from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from auth_worker.callers import require_time
from chassis.envelope import Caller, Envelope
from chassis.errors import Unavailable
from chassis.subscription import Delivery
from contracts.problems import OVERLOADED

NO_CONNECTION: Any = None


def waiting(*, budget: float, waited: float, awaited: bool = True) -> Delivery:
    """A command whose sender would wait for `budget` seconds, and did so for `waited`."""
    now = datetime.now(UTC)
    sent_at = now - timedelta(seconds=waited)
    caller = Caller("gateway.replies.x", "1", sent_at + timedelta(seconds=budget)) if awaited else None
    envelope = Envelope(UUID(int=1), "auth.log_in.v1", sent_at.replace(microsecond=0), "", None, caller, None, "")
    return Delivery(envelope, NO_CONNECTION)


@pytest.mark.parametrize(("budget", "waited"), [(5, 0), (5, 2), (1, 0), (1, 0.3), (30, 14)])
def test_who_has_time_left_is_served(budget: float, waited: float) -> None:
    require_time(waiting(budget=budget, waited=waited))


@pytest.mark.parametrize(("budget", "waited"), [(5, 3.6), (5, 4.9), (30, 16.5)])
def test_who_has_waited_too_long_is_told_at_once(budget: float, waited: float) -> None:
    with pytest.raises(Unavailable) as unavailable:
        require_time(waiting(budget=budget, waited=waited))
    assert unavailable.value.problem == OVERLOADED


def test_what_nobody_waits_for_has_time() -> None:
    require_time(waiting(budget=0, waited=1000, awaited=False))
