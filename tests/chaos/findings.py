"""What an invariant says of itself: whether it holds, and with which figure."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

import asyncpg

from tests.chaos.world import World


@dataclass(frozen=True)
class Finding:
    name: str
    what: str
    state: Literal["ok", "failed"]
    figure: str


class Broken(AssertionError):
    pass


Check = Callable[[World, asyncpg.Connection], Awaitable[str]]


def require(good: object, figure: str) -> str:
    if not good:
        raise Broken(figure)
    return figure
