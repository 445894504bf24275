"""Tells every gateway what is new in the feed, as soon as it is committed."""

import asyncio

import asyncpg
import structlog
from uuid_utils.compat import uuid7

from chassis.broker import Broker, Outgoing, PublishUnconfirmed
from chassis.database import Database
from chassis.errors import Unavailable
from chassis.topology import FEED
from contracts.feed import FeedNews
from notifier.store import feed

log = structlog.get_logger()

_AT_ONCE = 100
_HEARTBEAT = 5.0  # seconds; by its head a gateway notices that it missed something


class Announcer:
    def __init__(self, database: Database, broker: Broker) -> None:
        self._database = database
        self._broker = broker
        self._wake = asyncio.Event()
        self._announced: int | None = None

    def wake(self) -> None:
        self._wake.set()

    async def keep(self) -> None:
        woken = False
        while True:
            try:
                more = await self._announce(woken=woken)
            except (Unavailable, PublishUnconfirmed, asyncpg.PostgresError) as error:
                log.info("feed not announced", reason=str(error))
                more = False
                await asyncio.sleep(0.2)
            woken = more or await self._wait()

    async def _wait(self) -> bool:
        try:
            async with asyncio.timeout(_HEARTBEAT):
                await self._wake.wait()
        except TimeoutError:
            return False
        self._wake.clear()
        return True

    async def _announce(self, *, woken: bool) -> bool:
        """The news where this process made them; else only the head. Whether there is more."""
        async with self._database.acquire() as connection:
            state = await feed.find_state(connection)
            known = self._announced is not None and woken
            items = await feed.list_events(connection, after=self._announced or 0, limit=_AT_ONCE) if known else []
        head = items[-1].position if items else state.last_position
        await self._publish(FeedNews(items=tuple(items), head=head))
        self._announced = head
        return head < state.last_position

    async def _publish(self, news: FeedNews) -> None:
        message = Outgoing(
            exchange=FEED,
            routing_key="",
            body=news.model_dump_json().encode(),
            message_id=str(uuid7()),
            type="feed_news",
            expiration=60_000,
            persistent=False,
        )
        try:
            await self._broker.publish(message)
        except Unavailable as error:
            # Also when there is no gateway to take it.
            log.debug("nobody heard of the news", reason=str(error))
