"""What is on its way from an outbox to the broker: in order within an aggregate, side by side across aggregates."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from uuid import UUID

import asyncpg
import structlog

from chassis import metrics
from chassis.broker import Broker, Outgoing, PublishUnconfirmed
from chassis.errors import Unavailable

log = structlog.get_logger()

_PUBLISH_TIMEOUT = 5.0  # seconds


class Pipeline:
    """Nobody waits for a confirm but what follows it in its aggregate."""

    def __init__(self, broker: Broker, message_of: Callable[[asyncpg.Record], Outgoing]) -> None:
        self._broker = broker
        self._message_of = message_of
        self._rows: defaultdict[UUID, deque[asyncpg.Record]] = defaultdict(deque)
        self._publishing: dict[UUID, asyncio.Task[None]] = {}
        self._confirmed: list[int] = []
        self._failed: set[UUID] = set()
        self._refused: list[int] = []

    @property
    def under_way(self) -> list[int]:
        return [row["id"] for rows in self._rows.values() for row in rows]

    @property
    def confirmed(self) -> list[int]:
        """Published, and not forgotten yet."""
        return list(self._confirmed)

    @property
    def busy(self) -> bool:
        """Something is under way, or not forgotten."""
        for task in self._publishing.values():
            if task.done():
                # It has failed, and says so; or it has a defect, and that ends us.
                task.result()
        return bool(self._rows or self._confirmed)

    @property
    def failed(self) -> bool:
        return bool(self._failed)

    def forget(self, confirmed: Sequence[int]) -> None:
        del self._confirmed[: len(confirmed)]

    def send(self, rows: Sequence[asyncpg.Record]) -> None:
        """Behind whatever of their aggregates is under way, and nowhere if that has failed."""
        for row in rows:
            aggregate_id = row["aggregate_id"]
            self._rows[aggregate_id].append(row)
            if aggregate_id not in self._publishing:
                self._publishing[aggregate_id] = asyncio.create_task(self._publish_in_order(aggregate_id))

    async def settle(self) -> None:
        """Until nothing is being published."""
        if self._publishing:
            await asyncio.wait(self._publishing.values())

    def drop_failed(self) -> list[int]:
        """What failed, and what follows it, is no longer under way. Returns what the broker closed the channel on.

        Until this is called nothing that follows it is sent, not even what was committed meanwhile.
        """
        refused = self._refused
        for aggregate_id in self._failed:
            del self._rows[aggregate_id], self._publishing[aggregate_id]
        self._failed, self._refused = set(), []
        return refused

    def abandon(self) -> None:
        for task in self._publishing.values():
            task.cancel()

    async def _publish_in_order(self, aggregate_id: UUID) -> None:
        rows = self._rows[aggregate_id]
        while rows:
            if not await self._publish(rows[0]):
                self._failed.add(aggregate_id)
                return
            self._confirmed.append(rows.popleft()["id"])
            metrics.OUTBOX_PUBLISHED.inc()
        del self._rows[aggregate_id], self._publishing[aggregate_id]

    async def _publish(self, row: asyncpg.Record) -> bool:
        try:
            message = self._message_of(row)
        except (KeyError, TypeError, ValueError) as error:
            log.warning("outbox message cannot be read", outbox_id=row["id"], error=type(error).__name__)
            self._refused.append(row["id"])
            return False
        try:
            await self._broker.publish(message, timeout=_PUBLISH_TIMEOUT)
        except Unavailable as error:
            log.debug("outbox waits", reason=str(error))
            return False
        except PublishUnconfirmed as error:
            if error.closed_the_channel:
                self._refused.append(row["id"])
            return False
        return True
