"""The one door to RabbitMQ: two connections that come back by themselves, confirmed publishing, channels that are kept.

Two, because a broker alarm stops reading from a connection that publishes, and acknowledgements must go on.
"""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import structlog
from yarl import URL

from chassis import metrics
from chassis.amqp.channel import Channel, Delivered
from chassis.amqp.connection import Connection
from chassis.amqp.errors import AmqpError, ChannelClosed, Refused, Returned
from chassis.amqp.properties import Properties
from chassis.background import Background
from chassis.breaker import Breaker
from chassis.errors import TaskmeshError, Unavailable
from chassis.settings import Url
from chassis.topology import COMMANDS
from contracts.problems import BROKER_UNAVAILABLE, OVERLOADED, SERVICE_UNAVAILABLE

log = structlog.get_logger()

_HEARTBEAT = 5  # seconds
_PING_EVERY = 2.0  # seconds
_MISSES_UNTIL_CLOSED = 3
_CONFIRM_TIMEOUT = 2.0  # seconds
_CONNECT_TIMEOUT = 5.0  # seconds

_LOST = (AmqpError, OSError, TimeoutError)

Headers = Mapping[str, Any]


class PublishUnconfirmed(TaskmeshError):
    """Written, and the broker did not say whether it has it: it may be delivered, or not."""

    def __init__(self, reason: str, *, closed_the_channel: bool = False) -> None:
        self.closed_the_channel = closed_the_channel
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Outgoing:
    exchange: str
    routing_key: str
    body: bytes
    message_id: str
    type: str
    headers: dict[str, Any] = field(default_factory=dict)
    correlation_id: str | None = None
    reply_to: str | None = None
    expiration: int | None = None
    """Milliseconds."""
    persistent: bool = True


@dataclass(frozen=True, slots=True)
class Incoming:
    queue: str
    body: bytes
    properties: Properties
    delivery_tag: int
    redelivered: bool
    """Who had it before may have carried it out, and died before he could say so."""
    channel: Channel

    @property
    def headers(self) -> Headers:
        return self.properties.headers or {}

    async def acknowledge(self) -> None:
        """On a channel that is gone this does nothing: the broker delivers again, and the inbox knows the message."""
        with contextlib.suppress(AmqpError):
            self.channel.acknowledge(self.delivery_tag)

    async def return_to_queue(self) -> None:
        with contextlib.suppress(AmqpError):
            self.channel.return_to_queue(self.delivery_tag)


Prepare = Callable[[Channel], Awaitable[None]]
Receive = Callable[[Incoming], Coroutine[Any, Any, None]]


class Link:
    """One connection. Reconnects a second or two after it is lost, and is closed when the broker stops answering."""

    def __init__(self, url: Url, *, name: str, purpose: str) -> None:
        self._url = url
        self._name = f"{name} {purpose}"
        self._gauge = metrics.BROKER_UP.labels(purpose)
        self._up = asyncio.Event()
        self._misses = 0
        self._connection: Connection | None = None

    @property
    def alive(self) -> bool:
        return self._up.is_set() and self._misses < _MISSES_UNTIL_CLOSED - 1

    async def keep(self) -> None:
        while True:
            connection = Connection(URL(self._url()), name=self._name, heartbeat=_HEARTBEAT)
            try:
                async with asyncio.timeout(_CONNECT_TIMEOUT):
                    await connection.open()
            except _LOST as error:
                log.warning("broker connection failed", connection=self._name, error=type(error).__name__)
            else:
                log.info("broker connected", connection=self._name)
                try:
                    await self._use(connection)
                finally:
                    await connection.close()
                log.warning("broker connection lost", connection=self._name)
            await asyncio.sleep(0.5 + random.random())  # noqa: S311  so that a fleet does not return in step

    async def _use(self, connection: Connection) -> None:
        """Until it is lost, or the broker has stopped answering."""
        self._connection, self._misses = connection, 0
        self._up.set()
        self._gauge.set(1)
        watch = asyncio.create_task(self._watch(connection))
        try:
            await connection.ended.wait()
        finally:
            self._up.clear()
            self._gauge.set(0)
            watch.cancel()

    async def _watch(self, connection: Connection) -> None:
        """Asks the broker something every two seconds: a black hole is otherwise noticed after 18 (heartbeats)."""
        while True:
            await asyncio.sleep(_PING_EVERY)
            try:
                async with asyncio.timeout(_PING_EVERY), connection.channel() as channel:
                    await channel.find_exchange(COMMANDS)
            except _LOST as error:
                self._misses += 1
                log.warning(
                    "broker does not answer", connection=self._name, misses=self._misses, error=type(error).__name__
                )
                if self._misses >= _MISSES_UNTIL_CLOSED:
                    connection.give_up()
                    return
            else:
                self._misses = 0

    async def connected(self) -> Connection:
        await self._up.wait()
        assert self._connection is not None  # noqa: S101
        return self._connection


class KeptChannel:
    """A channel that is opened and prepared again whenever it, its connection or a consumer on it ends."""

    def __init__(self, link: Link, prepare: Prepare, *, name: str, publisher_confirms: bool = False) -> None:
        self._link = link
        self._prepare = prepare
        self._name = name
        self._confirms = publisher_confirms
        self._ready = asyncio.Event()
        self._channel: Channel | None = None

    @property
    def ready(self) -> bool:
        return self._ready.is_set()

    async def wait_ready(self) -> None:
        await self._ready.wait()

    @property
    def current(self) -> Channel | None:
        return self._channel

    async def keep(self) -> None:
        while True:
            connection = await self._link.connected()
            try:
                async with connection.channel(confirms=self._confirms) as channel:
                    await self._prepare(channel)
                    self._channel = channel
                    self._ready.set()
                    await channel.ended.wait()
            except _LOST as error:
                log.warning("channel lost", channel=self._name, error=type(error).__name__, reason=str(error)[:200])
            finally:
                self._channel = None
                self._ready.clear()
            await asyncio.sleep(0.2 + random.random() / 5)  # noqa: S311


class Consumption:
    """One queue, consumed on a channel of its own."""

    def __init__(self, link: Link, queue: str, receive: Receive, *, prefetch: int) -> None:
        self._queue = queue
        self._receive = receive
        self._prefetch = prefetch
        self._consumer_tag: str | None = None
        self._in_flight: set[asyncio.Task[None]] = set()
        self._gauge = metrics.CONSUMER_UP.labels(queue)
        self.channel = KeptChannel(link, self._consume, name=queue)

    async def _consume(self, channel: Channel) -> None:
        await channel.limit(self._prefetch)
        self._consumer_tag = await channel.consume(self._queue, self._deliver)
        self._gauge.set(1)
        channel.on_end(lambda: self._gauge.set(0))

    def _deliver(self, message: Delivered) -> None:
        incoming = Incoming(
            self._queue, message.body, message.properties, message.delivery_tag, message.redelivered, message.channel
        )
        task = asyncio.create_task(self._receive(incoming))
        self._in_flight.add(task)
        task.add_done_callback(self._in_flight.discard)

    async def drain(self, timeout: float) -> None:  # noqa: ASYNC109  a limit for a group of tasks, after which they go on
        """Take nothing new and let what is in flight finish. What does not is delivered again, to somebody else."""
        channel = self.channel.current
        if channel is not None and self._consumer_tag is not None:
            with contextlib.suppress(*_LOST):
                async with asyncio.timeout(2):
                    await channel.cancel(self._consumer_tag)
        if self._in_flight:
            _, late = await asyncio.wait(self._in_flight, timeout=timeout)
            for task in late:
                task.cancel()


class Broker:
    def __init__(self, url: Url, service: str, background: Background) -> None:
        self.user = URL(url()).user or ""
        self._service = service
        self._publishing = Link(url, name=service, purpose="publish")
        self._consuming = Link(url, name=service, purpose="consume")
        self._publisher = KeptChannel(self._publishing, _nothing, name="publisher", publisher_confirms=True)
        self._teller = KeptChannel(self._publishing, _nothing, name="teller")
        self._breaker = Breaker(failures=5, pause=2.0)
        self._consumptions: list[Consumption] = []
        self._kept: list[KeptChannel] = [self._teller]
        self._background = background
        for kept in (self._publishing, self._consuming, self._publisher, self._teller):
            background.start(kept.keep())

    @property
    def can_publish(self) -> bool:
        return self._publishing.alive and self._publisher.ready

    @property
    def ready(self) -> bool:
        return self.can_publish and self._consuming.alive and all(channel.ready for channel in self._kept)

    async def wait_can_publish(self) -> None:
        await self._publisher.wait_ready()

    def keep_channel(self, prepare: Prepare, *, name: str) -> KeptChannel:
        """A channel on the consuming connection, prepared anew on every connection."""
        channel = KeptChannel(self._consuming, prepare, name=name)
        self._kept.append(channel)
        self._background.start(channel.keep())
        return channel

    def consume(self, queue: str, receive: Receive, *, prefetch: int) -> None:
        consumption = Consumption(self._consuming, queue, receive, prefetch=prefetch)
        self._consumptions.append(consumption)
        self._kept.append(consumption.channel)
        self._background.start(consumption.channel.keep())

    async def drain(self, timeout: float) -> None:  # noqa: ASYNC109
        await asyncio.gather(*(consumption.drain(timeout) for consumption in self._consumptions))

    async def publish(self, message: Outgoing, *, timeout: float = _CONFIRM_TIMEOUT) -> None:  # noqa: ASYNC109
        """Returns when the broker has the message in a queue.

        Raises Unavailable when it certainly has not, and PublishUnconfirmed when nobody knows.
        """
        channel = self._publisher.current
        if channel is None or not self._publishing.alive or not self._breaker.allows():
            metrics.SENT.labels(message.exchange, "refused").inc()
            raise Unavailable(BROKER_UNAVAILABLE)
        outcome = "unconfirmed"
        try:
            async with asyncio.timeout(timeout):
                await channel.publish(message.exchange, message.routing_key, self._properties(message), message.body)
            outcome = "confirmed"
            self._breaker.succeeded()
        except Returned as error:
            outcome = "unroutable"
            raise Unavailable(SERVICE_UNAVAILABLE, f"no queue takes {message.routing_key}") from error
        except Refused as error:
            outcome = "refused"
            raise Unavailable(OVERLOADED, f"{message.routing_key} is full") from error
        except _LOST as error:
            self._breaker.failed()
            closed = isinstance(error, ChannelClosed)
            raise PublishUnconfirmed(type(error).__name__, closed_the_channel=closed) from error
        finally:
            metrics.SENT.labels(message.exchange, outcome).inc()

    def tell(self, message: Outgoing) -> None:
        """For whoever waits for it now: the broker is not asked whether it has the message. Raises Unavailable."""
        channel = self._teller.current
        if channel is None or not self._publishing.alive:
            metrics.SENT.labels(message.exchange, "refused").inc()
            raise Unavailable(BROKER_UNAVAILABLE)
        try:
            channel.tell(message.exchange, message.routing_key, self._properties(message), message.body)
        except AmqpError as error:
            metrics.SENT.labels(message.exchange, "refused").inc()
            raise Unavailable(BROKER_UNAVAILABLE) from error
        metrics.SENT.labels(message.exchange, "told").inc()

    def _properties(self, message: Outgoing) -> Properties:
        return Properties(
            content_type="application/json",
            headers=message.headers,
            delivery_mode=2 if message.persistent else 1,
            correlation_id=message.correlation_id,
            reply_to=message.reply_to,
            expiration=None if message.expiration is None else str(message.expiration),
            message_id=message.message_id,
            timestamp=datetime.now(UTC),
            message_type=message.type,
            user_id=self.user,
            app_id=self._service,
        )


async def _nothing(_: Channel) -> None:
    pass


@asynccontextmanager
async def open_broker(url: str | Url, service: str) -> AsyncIterator[Broker]:
    """Open for as long as the block runs, whether or not the broker is there."""
    async with Background() as background:
        yield Broker(url if callable(url) else lambda: url, service, background)
