"""Takes away what is older than it is kept."""

from datetime import timedelta

from chassis.database import Database
from chassis.recurring import recur
from notifier.store import deliveries, feed, mails

_EVERY = 600.0  # seconds


class Sweeper:
    def __init__(self, database: Database, *, feed_kept: timedelta) -> None:
        self._database = database
        self._feed_kept = feed_kept

    async def keep(self) -> None:
        await recur(self._sweep, every=_EVERY, put_off="sweep postponed")

    async def _sweep(self) -> None:
        async with self._database.acquire() as connection:
            await feed.forget_expired(connection, kept=self._feed_kept)
            await feed.forget_tickets(connection)
            await deliveries.forget_old(connection)
            await mails.forget_failed(connection)
