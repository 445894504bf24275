import asyncio
import itertools
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pamqp import commands, frame
from pamqp.base import Frame

from chassis.amqp.errors import ChannelClosed, ConnectionLost, Refused, Returned
from chassis.amqp.properties import Properties

if TYPE_CHECKING:
    from chassis.amqp.connection import Connection

_ANSWERED_BY_NOBODY = 504


@dataclass(frozen=True, slots=True)
class Delivered:
    channel: "Channel"
    delivery_tag: int
    redelivered: bool
    properties: Properties
    body: bytes


Receive = Callable[[Delivered], Coroutine[Any, Any, None] | None]


@dataclass(slots=True)
class _Unconfirmed:
    message_id: str | None
    confirmed: asyncio.Future[None]
    returned: bool = False


class Channel:
    """`ended` is set when it is closed, and when a consumer on it was cancelled because its queue is gone."""

    def __init__(self, connection: "Connection", number: int) -> None:
        self.ended = asyncio.Event()
        self.known_to_broker = True
        self._connection = connection
        self._number = number
        self._error: Exception | None = None
        self._turn = asyncio.Lock()
        self._reply: asyncio.Future[Frame] | None = None
        self._consumers: dict[str, Receive] = {}
        self._receiving: set[asyncio.Task[None]] = set()
        self._settles_itself: set[str] = set()
        self._unsettled: dict[int, None] = {}
        self._acknowledged: set[int] = set()
        self._tell_at_end: list[Callable[[], None]] = []
        self._published = 0
        self._unconfirmed: dict[int, _Unconfirmed] = {}

    async def open(self, *, confirms: bool) -> None:
        await self._call(commands.Channel.Open())
        if confirms:
            await self._call(commands.Confirm.Select())

    def on_end(self, tell: Callable[[], None]) -> None:
        self._tell_at_end.append(tell)

    async def declare_passing_queue(self, name: str) -> None:
        """Ours alone, and gone with the connection."""
        await self._call(
            commands.Queue.Declare(queue=name, exclusive=True, auto_delete=True, arguments={"x-queue-type": "classic"})
        )

    async def bind(self, queue: str, exchange: str, routing_key: str) -> None:
        await self._call(commands.Queue.Bind(queue=queue, exchange=exchange, routing_key=routing_key))

    async def find_exchange(self, name: str) -> None:
        await self._call(commands.Exchange.Declare(exchange=name, passive=True))

    async def limit(self, prefetch: int) -> None:
        await self._call(commands.Basic.Qos(prefetch_count=prefetch))

    async def consume(self, queue: str, receive: Receive, *, no_ack: bool = False) -> str:
        tag = f"{self._number}.{len(self._consumers)}"
        self._consumers[tag] = receive
        if no_ack:
            self._settles_itself.add(tag)
        await self._call(commands.Basic.Consume(queue=queue, consumer_tag=tag, no_ack=no_ack))
        return tag

    async def cancel(self, consumer_tag: str) -> None:
        await self._call(commands.Basic.Cancel(consumer_tag=consumer_tag))

    async def _call(self, method: Frame) -> None:
        async with self._turn:
            self._check()
            self._reply = asyncio.get_running_loop().create_future()
            self._connection.send(frame.marshal(method, self._number))
            try:
                await self._reply
            except asyncio.CancelledError:
                # Its answer would be taken for that of the next call.
                self.end(ConnectionLost("a call was given up"))
                raise
            finally:
                self._reply = None

    def publish(self, exchange: str, routing_key: str, properties: Properties, body: bytes) -> asyncio.Future[None]:
        """Mandatory. Done when the broker has confirmed it; Returned, Refused, or as the channel ends."""
        self._check()
        self._connection.send_message(self._number, exchange, routing_key, properties, body)
        self._published += 1
        confirmed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._unconfirmed[self._published] = _Unconfirmed(properties.message_id, confirmed)
        return confirmed

    def tell(self, exchange: str, routing_key: str, properties: Properties, body: bytes) -> None:
        """On a channel without confirms: whether anybody has it is not found out."""
        self._check()
        self._connection.send_message(self._number, exchange, routing_key, properties, body)

    def acknowledge(self, delivery_tag: int) -> None:
        """Said with whatever else is acknowledged in this turn of the event loop."""
        self._check()
        if not self._acknowledged:
            asyncio.get_running_loop().call_soon(self._send_acks)
        self._acknowledged.add(delivery_tag)

    def _send_acks(self) -> None:
        """In one frame for all up to the first that is still open: a queue settles them in one step."""
        acknowledged, self._acknowledged = self._acknowledged, set()
        if self._error is not None:
            return
        oldest = list(itertools.takewhile(acknowledged.__contains__, self._unsettled))
        if oldest:
            self._connection.send_ack(self._number, oldest[-1], multiple=True)
        for delivery_tag in acknowledged.difference(oldest):
            self._connection.send_ack(self._number, delivery_tag, multiple=False)
        for delivery_tag in acknowledged:
            self._unsettled.pop(delivery_tag, None)

    def return_to_queue(self, delivery_tag: int) -> None:
        self._check()
        self._unsettled.pop(delivery_tag, None)
        self._connection.send(
            frame.marshal(commands.Basic.Reject(delivery_tag=delivery_tag, requeue=True), self._number)
        )

    def _check(self) -> None:
        if self._error is not None:
            raise self._error

    # What follows is called by the connection.

    def deliver(self, consumer_tag: str, message: Delivered) -> None:
        if consumer_tag not in self._settles_itself:
            self._unsettled[message.delivery_tag] = None
        receive = self._consumers.get(consumer_tag)
        coroutine = receive(message) if receive is not None else None
        if coroutine is not None:
            task = asyncio.create_task(coroutine)
            self._receiving.add(task)
            task.add_done_callback(self._receiving.discard)

    def confirm(self, delivery_tag: int, *, multiple: bool, accepted: bool) -> None:
        tags = [tag for tag in self._unconfirmed if tag <= delivery_tag] if multiple else [delivery_tag]
        for tag in tags:
            unconfirmed = self._unconfirmed.pop(tag, None)
            if unconfirmed is None or unconfirmed.confirmed.done():
                continue
            if unconfirmed.returned:
                unconfirmed.confirmed.set_exception(Returned())
            elif not accepted:
                unconfirmed.confirmed.set_exception(Refused())
            else:
                unconfirmed.confirmed.set_result(None)

    def return_message(self, message_id: str | None) -> None:
        """It comes before its confirm, and does not say which publish it was."""
        for unconfirmed in self._unconfirmed.values():
            if unconfirmed.message_id == message_id and not unconfirmed.returned:
                unconfirmed.returned = True
                return

    def take(self, method: Frame) -> None:
        match method:
            case commands.Channel.Close():
                self._connection.send(frame.marshal(commands.Channel.CloseOk(), self._number))
                self.known_to_broker = False
                self.end(ChannelClosed(method.reply_code or _ANSWERED_BY_NOBODY, method.reply_text or ""))
            case commands.Basic.Cancel():
                self._consumers.pop(method.consumer_tag or "", None)
                self.ended.set()
            case _:
                if self._reply is not None and not self._reply.done():
                    self._reply.set_result(method)

    def end(self, error: Exception) -> None:
        if self._error is not None:
            return
        self._error = error
        self.ended.set()
        for tell in self._tell_at_end:
            tell()
        if self._reply is not None and not self._reply.done():
            self._reply.set_exception(error)
        for unconfirmed in self._unconfirmed.values():
            if not unconfirmed.confirmed.done():
                unconfirmed.confirmed.set_exception(error)
                # Who published may be gone.
                unconfirmed.confirmed.exception()
        self._unconfirmed.clear()
