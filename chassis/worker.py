"""A worker: consumers on its queues, a relay behind its outbox, and a broom for what has expired."""

from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from chassis import inbox
from chassis.background import Background
from chassis.batches import PREFETCH, Batches
from chassis.broker import Broker, open_broker
from chassis.commands import Commands
from chassis.consumer import Consumer
from chassis.database import Database, open_database
from chassis.duties import Duties, Duty
from chassis.events import EventBatches, Events
from chassis.health import Checks
from chassis.queries import Queries
from chassis.recurring import recur
from chassis.relay import Relay
from chassis.settings import WorkerSettings
from chassis.subscription import AnyCommand, AnyQuery, BatchSubscription, EventSubscription

_SHARED = 4  # connections
_SWEEP_EVERY = 600.0  # seconds


@dataclass(frozen=True)
class Subscriptions:
    """Everything that a worker answers to. `prefetch` is by queue, where it is not the size of the pool."""

    commands: Sequence[AnyCommand] = ()
    queries: Sequence[AnyQuery] = ()
    events: Sequence[EventSubscription] = ()
    event_batches: Sequence[BatchSubscription[Any]] = ()
    prefetch: Mapping[str, int] = field(default_factory=dict)


class Worker:
    def __init__(
        self,
        name: str,
        settings: WorkerSettings,
        database: Database,
        broker: Broker,
        background: Background,
        *,
        shared: Database,
    ) -> None:
        """`shared` is for the transactions that many messages share: who reads a lot holds up nobody's write."""
        self._name = name
        self._broker = broker
        self._database = database
        self._shared = shared
        self._settings = settings
        self._background = background
        self._relay = Relay(settings.current_database_url, broker, service=name, public_url=settings.public_url)

    @property
    def database(self) -> Database:
        return self._database

    @property
    def broker(self) -> Broker:
        return self._broker

    def start(self, subscriptions: Subscriptions) -> None:
        commands = Commands(subscriptions.commands, self._database, self._broker, committed=self._relay.wake)
        queries = Queries(subscriptions.queries, self._database, self._broker)
        batched = {each.message.queue for each in subscriptions.commands if each.changes is not None}
        for queue in _queues(subscriptions.commands):
            if queue in batched:
                batches = Batches(
                    commands,
                    self._shared,
                    self._broker,
                    queue,
                    committed=self._relay.wake,
                    # The other half of the pool is left to queries.
                    alone=max(1, self._settings.database_pool_size // 2),
                )
                self._broker.consume(queue, batches.receive, prefetch=PREFETCH)
            else:
                self._consume(queue, Consumer(self._broker, queue, commands.process), subscriptions)
        for queue in _queues(subscriptions.queries):
            self._consume(queue, Consumer(self._broker, queue, queries.process), subscriptions)
        for subscription in subscriptions.events:
            events = Events(subscription, self._database, committed=self._relay.wake)
            queue = subscription.queue
            self._consume(queue, Consumer(self._broker, queue, events.process), subscriptions)
        for together in subscriptions.event_batches:
            self._consume(together.queue, EventBatches(together, self._shared, self._broker), subscriptions)
        self._background.start(self._relay.keep())
        self._background.start(recur(self._sweep, every=_SWEEP_EVERY, put_off="sweep postponed"))

    def start_duties(self, duties: Sequence[Duty]) -> None:
        url = self._settings.database_url.get_secret_value()
        self._background.start(Duties(url, duties, service=self._name, committed=self._relay.wake).keep())

    def start_background(self, work: Coroutine[Any, Any, None]) -> None:
        self._background.start(work)

    def _consume(self, queue: str, consumer: Consumer | EventBatches, subscriptions: Subscriptions) -> None:
        prefetch = subscriptions.prefetch.get(queue, self._settings.database_pool_size)
        self._broker.consume(queue, consumer.receive, prefetch=prefetch)

    @property
    def checks(self) -> Checks:
        return {"postgres": self._database.ping, "rabbitmq": self._broker_is_ready}

    async def _broker_is_ready(self) -> bool:
        return self._broker.ready

    async def drain(self) -> None:
        self._relay.stop_after_batch()
        await self._broker.drain(self._settings.drain_timeout.total_seconds())

    async def _sweep(self) -> None:
        async with self._database.acquire() as connection:
            await inbox.forget_expired(connection)


def _queues(subscriptions: Iterable[AnyCommand | AnyQuery]) -> list[str]:
    return sorted({subscription.message.queue for subscription in subscriptions})


@asynccontextmanager
async def open_worker(name: str, settings: WorkerSettings) -> AsyncIterator[Worker]:
    async with (
        open_database(settings.current_database_url, application=name, size=settings.database_pool_size) as database,
        open_database(
            settings.current_database_url, application=f"{name} batches", size=_SHARED, plans_once=True
        ) as shared,
        open_broker(settings.current_amqp_url, name) as broker,
        Background() as background,
    ):
        yield Worker(name, settings, database, broker, background, shared=shared)
