"""Takes away what is older than it is kept."""

import asyncio
from datetime import timedelta

import asyncpg
import structlog

from chassis.database import Database
from chassis.errors import Unavailable
from notifier.store import deliveries, feed, mails

log = structlog.get_logger()

_EVERY = 600.0  # seconds


class Sweeper:
    def __init__(self, database: Database, *, feed_kept: timedelta) -> None:
        self._database = database
        self._feed_kept = feed_kept

    async def keep(self) -> None:
        while True:
            try:
                async with self._database.acquire() as connection:
                    await feed.forget_expired(connection, kept=self._feed_kept)
                    await feed.forget_tickets(connection)
                    await deliveries.forget_old(connection)
                    await mails.forget_failed(connection)
            except (Unavailable, asyncpg.PostgresError) as error:
                log.info("sweep postponed", reason=str(error))
            await asyncio.sleep(_EVERY)
