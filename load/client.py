"""HTTP/1.1 over connections that are kept, at a tenth of what a general client costs: the load shares its machine."""

import asyncio
import ssl
from collections.abc import Callable
from typing import cast
from urllib.parse import urlsplit

import httptools

from load.requests import Answer, Request, Send

_PATIENCE = 30.0  # seconds

Answered = Callable[[Answer], None]
Start = Callable[[Request, Answered], None]


class _Connection(asyncio.Protocol):
    """One request at a time."""

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport
        self._answered: Answered | None = None
        self._body: list[bytes] = []
        self._retry_after = False
        self._sent = 0.0
        self._watch: asyncio.TimerHandle | None = None
        self.open = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._transport.abort()

    def connection_lost(self, _: Exception | None) -> None:
        self.open = False
        self._give(Answer(None))
        if self._watch:
            self._watch.cancel()

    def on_header(self, name: bytes, _: bytes) -> None:
        if name == b"Retry-After":
            self._retry_after = True

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        self.open = self._parser.should_keep_alive()
        self._give(Answer(self._parser.get_status_code(), b"".join(self._body), self._retry_after))
        self._body.clear()
        self._retry_after = False

    def _give(self, answer: Answer) -> None:
        answered, self._answered = self._answered, None
        if answered:
            answered(answer)

    def send(self, data: bytes, answered: Answered) -> None:
        self._answered, self._sent = answered, asyncio.get_running_loop().time()
        if self._watch is None:
            self._end_if_late()
        self._transport.write(data)

    def _end_if_late(self) -> None:
        """One timer for all requests on the connection: setting one for each would cost more than to send it."""
        loop = asyncio.get_running_loop()
        if self._answered and loop.time() - self._sent >= _PATIENCE:
            self._transport.abort()
        else:
            self._watch = loop.call_at(max(loop.time(), self._sent) + _PATIENCE, self._end_if_late)

    def close(self) -> None:
        self._transport.abort()


class Client:
    """As many connections as are needed at once, and never more than `at_most`."""

    def __init__(self, url: str, *, at_most: int = 1000) -> None:
        address = urlsplit(url)
        self._host, self._secure = address.hostname or "localhost", address.scheme == "https"
        self._port = address.port or (443 if self._secure else 80)
        self._base, self._authority = address.path.rstrip("/"), address.netloc.rpartition("@")[2]
        self._turns = asyncio.Semaphore(at_most)
        self._idle: list[_Connection] = []
        self._connecting: set[asyncio.Future[None]] = set()

    def as_(self, token: str) -> Send:
        """Sends what `token` may."""
        start = self.starting_as(token)
        return lambda request: self._wait(start, request)

    def starting_as(self, token: str) -> Start:
        """Sends what `token` may without a task for each request, of which there may be any number at once."""
        return self._starting(f"Authorization: Bearer {token}\r\n")

    async def send(self, request: Request) -> Answer:
        return await self._wait(self._starting(""), request)

    def _starting(self, authorization: str) -> Start:
        return lambda request, answered: self._start(self._encode(request, authorization), answered)

    async def _wait(self, start: Start, request: Request) -> Answer:
        waiting: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

        def answered(answer: Answer) -> None:
            if not waiting.done():
                waiting.set_result(answer)

        async with self._turns:
            start(request, answered)
            return await waiting

    def _start(self, data: bytes, answered: Answered) -> None:
        while self._idle:
            connection = self._idle.pop()
            if connection.open:
                self._send(connection, data, answered)
                return
        connecting = asyncio.ensure_future(self._connect(data, answered))
        self._connecting.add(connecting)
        connecting.add_done_callback(self._connecting.discard)

    async def _connect(self, data: bytes, answered: Answered) -> None:
        secure = ssl.create_default_context() if self._secure else None
        loop = asyncio.get_running_loop()
        try:
            _, connection = await loop.create_connection(_Connection, self._host, self._port, ssl=secure)
        except OSError:
            answered(Answer(None))
        else:
            self._send(connection, data, answered)

    def _send(self, connection: _Connection, data: bytes, answered: Answered) -> None:
        def kept(answer: Answer) -> None:
            if connection.open:
                self._idle.append(connection)
            answered(answer)

        connection.send(data, kept)

    def _encode(self, request: Request, authorization: str) -> bytes:
        content = ""
        if request.body:
            content = f"Content-Type: {request.media_type}\r\nContent-Length: {len(request.body)}\r\n"
        start = f"{request.method} {self._base}{request.path} HTTP/1.1\r\nHost: {self._authority}\r\n"
        return f"{start}Accept: application/json\r\n{authorization}{content}\r\n".encode() + request.body

    def close(self) -> None:
        for connection in self._idle:
            connection.close()
        self._idle.clear()
