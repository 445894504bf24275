"""Tells every gateway what is new in the feed, as soon as it is committed."""

import asyncio
from collections import deque
from collections.abc import Sequence

import asyncpg
import structlog
from uuid_utils.compat import uuid7

from chassis.broker import Broker, Outgoing, PublishUnconfirmed
from chassis.database import Database
from chassis.errors import Unavailable
from chassis.topology import FEED
from contracts.feed import FeedEvent, FeedNews
from notifier.store import feed

log = structlog.get_logger()

_AT_ONCE = 100
_HEARTBEAT = 5.0  # seconds; by its head a gateway notices that it missed something


class Announcer:
    def __init__(self, database: Database, broker: Broker) -> None:
        self._database = database
        self._broker = broker
        self._wake = asyncio.Event()
        self._untold: deque[FeedEvent] = deque()

    def tell(self, events: Sequence[FeedEvent]) -> None:
        """Of what is committed, in its order."""
        self._untold.extend(events)
        self._wake.set()

    async def keep(self) -> None:
        while True:
            try:
                await self._announce()
            except (Unavailable, PublishUnconfirmed, asyncpg.PostgresError) as error:
                # A gateway that hears of the head asks for what it did not hear of.
                log.info("feed not announced", reason=str(error))
                await asyncio.sleep(0.2)
            else:
                await self._wait()

    async def _wait(self) -> None:
        self._wake.clear()
        if not self._untold:
            try:
                async with asyncio.timeout(_HEARTBEAT):
                    await self._wake.wait()
            except TimeoutError:
                pass

    async def _announce(self) -> None:
        items = [self._untold.popleft() for _ in range(min(len(self._untold), _AT_ONCE))]
        head = items[-1].position if items else await self._find_head()
        await self._publish(FeedNews(items=tuple(items), head=head))

    async def _find_head(self) -> int:
        async with self._database.acquire() as connection:
            return (await feed.find_state(connection)).last_position

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
            # Also when there is no gateway to take it; one that comes, or comes back, asks.
            log.debug("nobody heard of the news", reason=str(error))
