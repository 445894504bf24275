"""HTTP/1.1 over connections that are kept, at a tenth of what a general client costs: the load shares its machine."""

import asyncio
import ssl
from collections.abc import Callable
from typing import cast
from urllib.parse import urlsplit

import httptools

from load.requests import Answer, Request, Send

_PATIENCE = 30.0  # seconds


class _Connection(asyncio.Protocol):
    """One request at a time."""

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport
        self._answer: asyncio.Future[Answer] | None = None
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
        if self._answer and not self._answer.done():
            self._answer.set_result(answer)

    async def send(self, data: bytes) -> Answer:
        loop = asyncio.get_running_loop()
        self._answer, self._sent = loop.create_future(), loop.time()
        if self._watch is None:
            self._end_if_late()
        self._transport.write(data)
        return await self._answer

    def _end_if_late(self) -> None:
        """One timer for all requests on the connection: setting one for each would cost more than to send it."""
        loop = asyncio.get_running_loop()
        if self._answer and not self._answer.done() and loop.time() - self._sent >= _PATIENCE:
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

    def as_(self, token: str) -> Send:
        """Sends what `token` may."""
        authorization = f"Authorization: Bearer {token}\r\n"
        return lambda request: self._send(request, authorization)

    async def send(self, request: Request) -> Answer:
        return await self._send(request, "")

    async def _send(self, request: Request, authorization: str) -> Answer:
        data = self._encode(request, authorization)
        async with self._turns:
            try:
                connection = await self._connection()
            except OSError:
                return Answer(None)
            answer = await connection.send(data)
            if connection.open:
                self._idle.append(connection)
            return answer

    async def _connection(self) -> _Connection:
        while self._idle:
            connection = self._idle.pop()
            if connection.open:
                return connection
        make: Callable[[], _Connection] = _Connection
        secure = ssl.create_default_context() if self._secure else None
        _, made = await asyncio.get_running_loop().create_connection(make, self._host, self._port, ssl=secure)
        return made

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
