"""Takes events in, each once in effect, however often it is delivered."""

from collections.abc import Callable

from chassis import inbox, metrics, outbox
from chassis.broker import Incoming
from chassis.cloudevents import read_event
from chassis.database import Database
from chassis.envelope import Envelope
from chassis.failpoints import reach
from chassis.subscription import Delivery, EventSubscription


class Events:
    def __init__(self, subscription: EventSubscription, database: Database, *, committed: Callable[[], None]) -> None:
        self._subscription = subscription
        self._database = database
        self._committed = committed

    async def process(self, envelope: Envelope, incoming: Incoming) -> None:
        event = read_event(incoming)
        async with self._database.acquire() as connection, connection.transaction():
            if not await inbox.take_event(connection, self._subscription.queue, event.id):
                metrics.DUPLICATES.labels(self._subscription.queue).inc()
                return
            tells = await self._subscription.handle(event, Delivery(envelope, connection))
            await outbox.append(connection, tells, caused_by=envelope)
            reach("events.before_commit")
        reach("events.after_commit")
        if tells:
            self._committed()
