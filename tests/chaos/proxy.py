"""A TCP connection that can be bad in every way in which real ones are."""

import asyncio
import random
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

Direction = Literal["up", "down"]
_CHUNK = 65_536  # bytes
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Fault:
    """Nothing of it is a connection as it should be."""

    holds: frozenset[Direction] = frozenset()
    """What goes in these directions waits until the fault is over, as in TCP it would."""
    latency: float = 0.0  # seconds
    jitter: float = 0.0  # seconds
    rate: float | None = None  # bytes a second
    dribbles: bool = False
    refuses: bool = False


FINE = Fault()
BLACK_HOLE = Fault(holds=frozenset({"up", "down"}))
HALF_OPEN = Fault(holds=frozenset({"down"}))


class Proxy:
    def __init__(self, url: str, seed: int) -> None:
        """`url` is where the server is; `self.url` is the same by way of this proxy."""
        self._target = urlsplit(url)
        self._random = random.Random(seed)
        self._server: asyncio.Server
        self._fault = FINE
        self._healed = asyncio.Event()
        self._pairs: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self.cut_after: Callable[[bytes], bool] | None = None
        """Resets a connection once it has sent what this is true of."""
        self.cuts = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)

    async def stop(self) -> None:
        self._server.close()
        self.reset()
        for pair in list(self._pairs):
            pair.cancel()

    @property
    def url(self) -> str:
        port = self._server.sockets[0].getsockname()[1]
        credentials = self._target.netloc.rpartition("@")[0]
        return self._target._replace(netloc=f"{credentials}@127.0.0.1:{port}").geturl()

    def become(self, fault: Fault) -> None:
        self._fault = fault
        self._healed.set()
        self._healed = asyncio.Event()

    def reset(self) -> None:
        for writer in list(self._writers):
            _reset(writer)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._pairs.add(task)
        task.add_done_callback(self._pairs.discard)
        if self._fault.refuses:
            _reset(writer)
            return
        try:
            server, to_server = await asyncio.open_connection(self._target.hostname, self._target.port)
        except OSError:
            _reset(writer)
            return
        ends = {writer, to_server}
        self._writers |= ends
        try:
            up = asyncio.create_task(self._pump(reader, to_server, "up"))
            down = asyncio.create_task(self._pump(server, writer, "down"))
            _, left = await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
            for each in left:
                each.cancel()
        finally:
            self._writers -= ends
            for end in ends:
                end.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, direction: Direction) -> None:
        with suppress(OSError):
            while data := await reader.read(_CHUNK):
                while direction in self._fault.holds:
                    await self._healed.wait()
                await self._delay(len(data))
                for part in _parts(data, dribbles=self._fault.dribbles):
                    writer.write(part)
                    await writer.drain()
                    if self._fault.dribbles:
                        await asyncio.sleep(0)
                if direction == "up" and self.cut_after is not None and self.cut_after(data):
                    self.cuts += 1
                    _reset(writer, after_sending=True)
                    return

    async def _delay(self, size: int) -> None:
        fault = self._fault
        delay = fault.latency + self._random.uniform(-fault.jitter, fault.jitter)
        if fault.rate is not None:
            delay += size / fault.rate
        if delay > 0:
            await asyncio.sleep(delay)


def _parts(data: bytes, *, dribbles: bool) -> list[bytes]:
    return [data[at : at + 1] for at in range(len(data))] if dribbles else [data]


def _reset(writer: asyncio.StreamWriter, *, after_sending: bool = False) -> None:
    if after_sending:
        # What was written goes out first: the server gets it, and cannot answer.
        writer.close()
        return
    sock = writer.get_extra_info("socket")
    with suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    writer.transport.abort()
