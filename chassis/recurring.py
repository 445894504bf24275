"""What a worker does again and again, beside its messages."""

import asyncio
from collections.abc import Awaitable, Callable

import asyncpg
import structlog

from chassis.errors import Unavailable

log = structlog.get_logger()


async def recur(work: Callable[[], Awaitable[None]], *, every: float, put_off: str) -> None:
    """With a pause of so many seconds. While the database is away it is put off, as the log says in these words."""
    while True:
        try:
            await work()
        except (Unavailable, asyncpg.PostgresError) as error:
            log.info(put_off, reason=str(error))
        await asyncio.sleep(every)
