import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

T = TypeVar("T")


@overload
async def eventually(look: Callable[[], Awaitable[T | None]], *, within: float = 10.0, every: float = 0.02) -> T: ...


@overload
async def eventually(look: Callable[[], T | None], *, within: float = 10.0, every: float = 0.02) -> T: ...


async def eventually(look: Callable[[], Any], *, within: float = 10.0, every: float = 0.02) -> Any:
    """What `look` gives once it is true. Fails with what it gave last. Seconds."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    while True:
        seen = look()
        value = await seen if inspect.isawaitable(seen) else seen
        if value:
            return value
        if loop.time() > deadline:
            raise AssertionError(f"not within {within:g} s; last seen: {value!r}")
        await asyncio.sleep(every)
