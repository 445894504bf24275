"""A server that is being started: ready in time, or gone."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from ops.errors import OpsError


@asynccontextmanager
async def ready_within(
    seconds: float, name: str, log: Path, *, kill: Callable[[], Awaitable[None]]
) -> AsyncIterator[None]:
    """Whatever ends the start ends the server too."""
    try:
        async with AsyncExitStack() as unless_ready:
            unless_ready.push_async_callback(kill)
            async with asyncio.timeout(seconds):
                yield
            unless_ready.pop_all()
    except TimeoutError:
        raise OpsError(f"{name} was not ready within {seconds:.0f} s; its log is {log}.") from None
