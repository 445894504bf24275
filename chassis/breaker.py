import time


class Breaker:
    """Refuses at once after several failures in a row, then lets one attempt through to see whether it is over."""

    def __init__(self, *, failures: int, pause: float) -> None:
        """`pause` in seconds."""
        self._limit = failures
        self._pause = pause
        self._failures = 0
        self._probe_at = 0.0

    @property
    def is_open(self) -> bool:
        return self._failures >= self._limit

    def allows(self) -> bool:
        if not self.is_open:
            return True
        now = time.monotonic()
        if now < self._probe_at:
            return False
        self._probe_at = now + self._pause
        return True

    def succeeded(self) -> None:
        self._failures = 0

    def failed(self) -> None:
        self._failures += 1
        self._probe_at = time.monotonic() + self._pause
