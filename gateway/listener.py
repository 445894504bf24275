"""Listens, and takes every connection that waits at once.

libuv takes one in each turn of its loop, so that on a busy gateway a new connection waits for seconds behind those that
are served.
"""

import asyncio
import socket
from collections.abc import Callable, Coroutine
from typing import Any, cast

import structlog
from aiohttp import web

log = structlog.get_logger()

_BACKLOG = 1024
_PAUSE = 1.0  # seconds, while no file can be opened

Connected = Callable[[], asyncio.BaseProtocol]


class _Listening:
    """As much of an asyncio.Server as aiohttp asks for."""

    def __init__(self, sockets: list[socket.socket], connected: Connected) -> None:
        self.sockets = sockets
        self._connected = connected
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[Any]] = set()

    def listen(self) -> None:
        for each in self.sockets:
            self._loop.add_reader(each, self._accept, each)

    def _accept(self, listening: socket.socket) -> None:
        for _ in range(_BACKLOG):
            try:
                connection, _ = listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                log.warning("no more connections taken for a while", error=str(error))
                self._loop.remove_reader(listening)
                self._begin(self._listen_later(listening))
                return
            connection.setblocking(False)
            self._begin(self._loop.connect_accepted_socket(self._connected, connection))

    async def _listen_later(self, listening: socket.socket) -> None:
        await asyncio.sleep(_PAUSE)
        if listening.fileno() != -1:
            self._loop.add_reader(listening, self._accept, listening)

    def _begin(self, work: Coroutine[Any, Any, Any]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def close(self) -> None:
        for each in self.sockets:
            self._loop.remove_reader(each)
            each.close()


class Site(web.TCPSite):
    """As aiohttp's own, with our way to listen."""

    async def start(self) -> None:
        await web.BaseSite.start(self)
        server = cast("web.Server", self._runner.server)
        listening = _Listening(await _bound(self._host or None, self._port), server)
        listening.listen()
        self._server = cast("asyncio.AbstractServer", listening)


async def _bound(host: str | None, port: int) -> list[socket.socket]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    sockets = []
    for family, _, _, _, address in dict.fromkeys(found):
        listening = socket.create_server(address[:2], family=family, backlog=_BACKLOG)
        listening.setblocking(False)
        sockets.append(listening)
    return sockets
