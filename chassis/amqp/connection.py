import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import structlog
from pamqp import commands, frame
from pamqp.base import Frame
from pamqp.header import ProtocolHeader
from pamqp.heartbeat import Heartbeat
from yarl import URL

from chassis.amqp.channel import Channel, Delivered
from chassis.amqp.entry import credentials, tls
from chassis.amqp.errors import AmqpError, ConnectionLost
from chassis.amqp.partial import Partial
from chassis.amqp.properties import Properties, decode_header, encode_header, short

log = structlog.get_logger()

_FRAME = struct.Struct(">BHI")
_ACK = struct.Struct(">BHIHHQBB")
_TAG = struct.Struct(">Q")
_DELIVERY = struct.Struct(">Q?")
_METHOD, _HEADER, _BODY, _END = 1, 2, 3, 0xCE
_DELIVER, _CONFIRMED, _REFUSED, _RETURN = 0x3C003C, 0x3C0050, 0x3C0078, 0x3C0032
_OVERHEAD = 8  # bytes of a frame beside its payload
_SILENT_HEARTBEATS = 3
_CLOSE_TIMEOUT = 2.0  # seconds
_MAX_CHANNELS = 2048


class Connection(asyncio.Protocol):
    """`ended` is set when it is lost or closed, for whatever reason."""

    def __init__(self, url: URL, *, name: str, heartbeat: int) -> None:
        self.ended = asyncio.Event()
        self._url = url
        self._name = name
        self._heartbeat = heartbeat
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport
        self._opened: asyncio.Future[None] = self._loop.create_future()
        self._error: Exception | None = None
        self._channels: dict[int, Channel] = {}
        self._closing: set[int] = set()
        self._messages: dict[int, Partial] = {}
        self._frame_max = 4096
        self._unread = b""
        self._unsent: list[bytes] = []
        self._last_read = self._loop.time()
        self._beat: asyncio.TimerHandle | None = None

    async def open(self) -> None:
        secure = tls(self._url) if self._url.scheme == "amqps" else None
        port = self._url.port or (5671 if secure else 5672)
        await self._loop.create_connection(lambda: self, self._url.host or "", port, ssl=secure)
        try:
            await self._opened
        except BaseException:
            self._transport.abort()
            raise

    @asynccontextmanager
    async def channel(self, *, confirms: bool = False) -> AsyncIterator[Channel]:
        if self._error is not None:
            raise self._error
        number = next(n for n in range(1, _MAX_CHANNELS) if n not in self._channels and n not in self._closing)
        channel = self._channels[number] = Channel(self, number)
        try:
            await channel.open(confirms=confirms)
            yield channel
        finally:
            del self._channels[number]
            if channel.known_to_broker and self._error is None:
                self._closing.add(number)
                self.send(frame.marshal(commands.Channel.Close(200, "", 0, 0), number))
            channel.end(ConnectionLost("the channel was closed"))

    async def close(self) -> None:
        if not self.ended.is_set():
            self.send(frame.marshal(commands.Connection.Close(200, "", 0, 0), 0))
            try:
                async with asyncio.timeout(_CLOSE_TIMEOUT):
                    await self.ended.wait()
            except TimeoutError:
                self._end(ConnectionLost("closed"))
        # What is still unsent has nobody to go to.
        self._transport.abort()

    def give_up(self) -> None:
        self._end(ConnectionLost("the broker does not answer"))

    # Writing: everything that one turn of the event loop has to say goes out at once.

    def send(self, data: bytes) -> None:
        if not self._unsent:
            self._loop.call_soon(self._flush)
        self._unsent.append(data)

    def _flush(self) -> None:
        if not self.ended.is_set():
            self._transport.write(b"".join(self._unsent))
        self._unsent.clear()

    def send_ack(self, channel: int, delivery_tag: int, *, multiple: bool) -> None:
        self.send(_ACK.pack(_METHOD, channel, 13, 60, 80, delivery_tag, multiple, _END))

    def send_message(self, channel: int, exchange: str, routing_key: str, properties: Properties, body: bytes) -> None:
        method = b"".join((b"\x00\x3c\x00\x28\x00\x00", short(exchange), short(routing_key), b"\x01"))
        header = encode_header(properties, len(body))
        parts = [_FRAME.pack(_METHOD, channel, len(method)), method, b"\xce"]
        parts += [_FRAME.pack(_HEADER, channel, len(header)), header, b"\xce"]
        room = self._frame_max - _OVERHEAD
        for start in range(0, len(body), room):
            piece = body[start : start + room]
            parts += [_FRAME.pack(_BODY, channel, len(piece)), piece, b"\xce"]
        self.send(b"".join(parts))

    # Reading

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(ProtocolHeader().marshal())

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(ConnectionLost(type(exc).__name__ if exc else "the broker hung up"))

    def data_received(self, data: bytes) -> None:
        self._last_read = self._loop.time()
        try:
            self._read(self._unread + data if self._unread else data)
        except (AmqpError, ValueError, LookupError, struct.error) as error:
            log.warning("unreadable broker", connection=self._name, error=type(error).__name__)
            self._end(error if isinstance(error, AmqpError) else ConnectionLost("unreadable"))

    def _read(self, data: bytes) -> None:
        at, end = 0, len(data)
        if data.startswith(b"AMQP"):
            raise ConnectionLost("the broker speaks another version")
        while end - at >= _OVERHEAD:
            kind, number, size = _FRAME.unpack_from(data, at)
            after = at + 7 + size
            if after >= end:
                break
            if data[after] != _END:
                raise ConnectionLost("a frame has no end")
            self._take(kind, number, data[at + 7 : after])
            at = after + 1
        self._unread = data[at:]

    def _take(self, kind: int, number: int, payload: bytes) -> None:
        if kind == _METHOD:
            self._take_method(number, payload)
        elif kind == _HEADER:
            message = self._messages[number]
            message.missing, message.properties = decode_header(payload)
            if not message.missing:
                self._complete(number)
        elif kind == _BODY:
            message = self._messages[number]
            message.parts.append(payload)
            message.missing -= len(payload)
            if message.missing <= 0:
                self._complete(number)

    def _take_method(self, number: int, payload: bytes) -> None:
        method = int.from_bytes(payload[:4])
        if method == _DELIVER:
            tag_end = 5 + payload[4]
            delivery_tag, redelivered = _DELIVERY.unpack_from(payload, tag_end)
            self._messages[number] = Partial(payload[5:tag_end].decode(), delivery_tag, redelivered=redelivered)
        elif method in (_CONFIRMED, _REFUSED):
            channel = self._channels.get(number)
            if channel is not None:
                delivery_tag = _TAG.unpack_from(payload, 4)[0]
                channel.confirm(delivery_tag, multiple=bool(payload[12] & 1), accepted=method == _CONFIRMED)
        elif method == _RETURN:
            self._messages[number] = Partial(None, 0, redelivered=False)
        else:
            whole = _FRAME.pack(_METHOD, number, len(payload)) + payload + b"\xce"
            self._take_rare(number, cast(Frame, frame.unmarshal(whole)[2]))

    def _complete(self, number: int) -> None:
        message, channel = self._messages.pop(number), self._channels.get(number)
        if channel is None:
            return
        if message.consumer_tag is None:
            channel.return_message(message.properties.message_id)
        else:
            body = message.parts[0] if len(message.parts) == 1 else b"".join(message.parts)
            channel.deliver(
                message.consumer_tag,
                Delivered(channel, message.delivery_tag, message.redelivered, message.properties, body),
            )

    def _take_rare(self, number: int, method: Frame) -> None:
        match method:
            case commands.Connection.Start():
                self.send(frame.marshal(credentials(self._url, self._name), 0))
            case commands.Connection.Tune():
                self._frame_max = method.frame_max or 131_072
                tuned = commands.Connection.TuneOk(method.channel_max, self._frame_max, self._heartbeat)
                opening = commands.Connection.Open(virtual_host=self._url.path[1:].replace("%2F", "/") or "/")
                self.send(frame.marshal(tuned, 0) + frame.marshal(opening, 0))
            case commands.Connection.OpenOk():
                self._opened.set_result(None)
                self._keep_beating()
            case commands.Connection.Close():
                self.send(frame.marshal(commands.Connection.CloseOk(), 0))
                self._flush()
                self._end(ConnectionLost(f"{method.reply_code} {method.reply_text}"))
            case commands.Connection.CloseOk():
                self._end(ConnectionLost("closed"))
            case commands.Connection.Blocked():
                log.warning("broker takes nothing", connection=self._name, reason=method.reason)
            case commands.Channel.CloseOk():
                self._closing.discard(number)
            case _:
                channel = self._channels.get(number)
                if channel is not None:
                    channel.take(method)
                elif isinstance(method, commands.Channel.Close):
                    # Both closed it at once.
                    self.send(frame.marshal(commands.Channel.CloseOk(), number))

    def _keep_beating(self) -> None:
        if self._loop.time() - self._last_read > _SILENT_HEARTBEATS * (self._heartbeat + 1):
            self._end(ConnectionLost("the broker is silent"))
        else:
            self.send(Heartbeat().marshal())
            self._beat = self._loop.call_later(self._heartbeat / 2, self._keep_beating)

    def _end(self, error: Exception) -> None:
        if self.ended.is_set():
            return
        self._error = error
        self.ended.set()
        if self._beat is not None:
            self._beat.cancel()
        if not self._opened.done():
            self._opened.set_exception(error)
        for channel in self._channels.values():
            channel.end(error)
        self._transport.close()
