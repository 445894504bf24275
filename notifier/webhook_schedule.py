"""When a delivery is tried again, and when a webhook is given up. No I/O."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

_DELAYS = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
_LONGEST_WISH = timedelta(hours=24)
_FAILING_FOR = timedelta(days=5)

Verdict = Literal["succeeded", "failed", "gone"]


@dataclass(frozen=True, slots=True)
class Result:
    """What one attempt came to."""

    outcome: str
    status: int | None = None
    response: str | None = None
    retry_after: timedelta | None = None

    @property
    def verdict(self) -> Verdict:
        if self.status is not None and 200 <= self.status < 300 and self.outcome == "succeeded":
            return "succeeded"
        return "gone" if self.status == 410 else "failed"


def delay_after(attempts: int, result: Result, *, jitter: float) -> timedelta | None:
    """None: that was the last attempt. `jitter` is between 0 and 1."""
    if attempts > len(_DELAYS):
        return None
    planned = _DELAYS[attempts - 1] * (0.9 + 0.2 * jitter)
    wished = min(result.retry_after or timedelta(), _LONGEST_WISH)
    return max(planned, wished)


def has_failed_too_long(failing_since: datetime | None, *, now: datetime) -> bool:
    return failing_since is not None and now - failing_since > _FAILING_FOR
