"""Takes events in, each once in effect, however often it is delivered."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

import structlog
from asyncpg.pool import PoolConnectionProxy

from chassis import inbox, metrics, outbox
from chassis.broker import Broker, Incoming
from chassis.cloudevents import CloudEvent, read_event
from chassis.consumer import Consumer
from chassis.database import Database
from chassis.envelope import Envelope, read_envelope
from chassis.failpoints import reach
from chassis.subscription import Delivery, EventSubscription

log = structlog.get_logger()

_TOGETHER = 100


class Events:
    def __init__(self, subscription: EventSubscription, database: Database, *, committed: Callable[[], None]) -> None:
        self._subscription = subscription
        self._database = database
        self._committed = committed

    async def process(self, envelope: Envelope, incoming: Incoming) -> None:
        await self.process_together([(envelope, incoming)])

    async def process_together(self, deliveries: Sequence[tuple[Envelope, Incoming]]) -> None:
        """In one transaction: all of them, or none."""
        queue, tells = self._subscription.queue, False
        events = [(read_event(incoming), envelope) for envelope, incoming in deliveries]
        async with self._database.acquire() as connection, connection.transaction():
            new = await inbox.take_events(connection, queue, [event.id for event, _ in events])
            metrics.DUPLICATES.labels(queue).inc(len(events) - len(new))
            for event, envelope in events:
                if event.id in new:
                    new.remove(event.id)
                    tells |= await self._take(connection, event, envelope)
            reach("events.before_commit")
        reach("events.after_commit")
        if tells:
            self._committed()
        if self._subscription.committed is not None:
            self._subscription.committed()

    async def _take(self, connection: PoolConnectionProxy, event: CloudEvent, envelope: Envelope) -> bool:
        """Whether there is anything for the relay."""
        tells = await self._subscription.handle(event, Delivery(envelope, connection))
        await outbox.append(connection, tells, caused_by=envelope)
        return bool(tells)


class OrderedEvents:
    """Whoever comes first takes all that is waiting; one by one where that fails, so that a bad one harms no other."""

    def __init__(self, events: Events, broker: Broker, queue: str) -> None:
        self._events = events
        self._user = broker.user
        self._alone = Consumer(broker, queue, events.process)
        self._queue = queue
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
        [failure] = await asyncio.gather(self._process(batch), return_exceptions=True)
        if isinstance(failure, Exception):
            log.info("events taken one by one", queue=self._queue, count=len(batch), error=type(failure).__name__)
            return False
        metrics.CONSUMED.labels(self._queue).inc(len(batch))
        for incoming in batch:
            await incoming.acknowledge()
        return True

    async def _process(self, batch: Sequence[Incoming]) -> None:
        await self._events.process_together(
            [(read_envelope(incoming, own_user=self._user), incoming) for incoming in batch]
        )
