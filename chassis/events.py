"""Takes events in, each once in effect, however often it is delivered."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import structlog
from asyncpg.pool import PoolConnectionProxy

from chassis import inbox, metrics, outbox
from chassis.broker import Broker, Incoming
from chassis.cloudevents import CloudEvent, read_event
from chassis.consumer import Consumer
from chassis.database import Database
from chassis.envelope import Envelope, read_envelope
from chassis.failpoints import reach
from chassis.subscription import BatchSubscription, Delivery, EventSubscription, Tells

log = structlog.get_logger()

_TOGETHER = 100


class Events:
    def __init__(self, subscription: EventSubscription, database: Database, *, committed: Callable[[], None]) -> None:
        self._subscription = subscription
        self._database = database
        self._committed = committed

    async def process(self, envelope: Envelope, incoming: Incoming) -> None:
        event, queue = read_event(incoming), self._subscription.queue
        tells: Tells = ()
        async with self._database.acquire() as connection, connection.transaction():
            if await inbox.take_events(connection, queue, [event.id]):
                tells = await self._subscription.handle(event, Delivery(envelope, connection))
                await outbox.append(connection, tells, caused_by=envelope)
            else:
                metrics.DUPLICATES.labels(queue).inc()
            reach("events.before_commit")
        reach("events.after_commit")
        if tells:
            self._committed()


class EventBatches:
    """Whoever comes first takes all that is waiting; one by one where that fails, so that a bad one harms no other."""

    def __init__(self, subscription: BatchSubscription[Any], database: Database, broker: Broker) -> None:
        self._subscription = subscription
        self._queue = subscription.queue
        self._database = database
        self._user = broker.user
        self._alone = Consumer(broker, self._queue, self._process_alone)
        self._waiting: deque[Incoming] = deque()
        self._turn = asyncio.Lock()

    async def receive(self, incoming: Incoming) -> None:
        self._waiting.append(incoming)
        async with self._turn:
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), _TOGETHER))]
            if len(batch) > 1 and await self._together(batch):
                return
            for each in batch:
                await self._alone.receive(each)

    async def _together(self, batch: Sequence[Incoming]) -> bool:
        [failure] = await asyncio.gather(self._read_and_process(batch), return_exceptions=True)
        if isinstance(failure, Exception):
            log.info("events taken one by one", queue=self._queue, count=len(batch), error=type(failure).__name__)
            return False
        metrics.CONSUMED.labels(self._queue).inc(len(batch))
        for incoming in batch:
            await incoming.acknowledge()
        return True

    async def _read_and_process(self, batch: Sequence[Incoming]) -> None:
        for incoming in batch:
            read_envelope(incoming, own_user=self._user)
        await self._process(batch)

    async def _process_alone(self, _: Envelope, incoming: Incoming) -> None:
        await self._process([incoming])

    async def _process(self, batch: Sequence[Incoming]) -> None:
        """All of them, or none."""
        events = list({event.id: event for event in map(read_event, batch)}.values())
        async with self._database.acquire() as connection:
            if self._subscription.takes_in_itself:
                reach("events.before_commit")
                made = await self._subscription.handle(events, connection)
            else:
                made = await self._take_in(events, connection)
        reach("events.after_commit")
        if made:
            self._subscription.committed(made)

    async def _take_in(self, events: Sequence[CloudEvent], connection: PoolConnectionProxy) -> Any:
        if self._subscription.of_concern is not None:
            events = await self._subscription.of_concern(events, connection)
        if not events:
            return None
        async with connection.transaction():
            new = await inbox.take_events(connection, self._queue, [event.id for event in events])
            metrics.DUPLICATES.labels(self._queue).inc(len(events) - len(new))
            fresh = [event for event in events if event.id in new]
            made = await self._subscription.handle(fresh, connection) if fresh else None
            reach("events.before_commit")
        return made
