"""Named places at which a test lets a process die. Inert unless armed, and armed only when ENVIRONMENT=test."""

import os
import signal

_armed: frozenset[str] = frozenset()


def arm(failpoints: str) -> None:
    """`failpoints` is `name=kill`, several separated by commas."""
    global _armed  # noqa: PLW0603  one process dies in one way; threading it through every call would be noise
    pairs = [entry.partition("=") for entry in failpoints.split(",") if entry]
    for name, _, action in pairs:
        if action != "kill":
            raise ValueError(f"failpoint {name} knows no action {action!r}, only kill")
    _armed = frozenset(name for name, _, _ in pairs)


def reach(name: str) -> None:
    if name in _armed:
        os.kill(os.getpid(), signal.SIGKILL)
