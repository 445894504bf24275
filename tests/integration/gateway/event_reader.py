"""Reads server-sent events as the standard has it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp

from tests.unit.gateway.serving import Served


@dataclass(frozen=True)
class Frame:
    event: str
    data: bytes
    id: str | None


class EventReader:
    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response
        self.comments = 0

    async def next(self) -> Frame | None:
        """None at the end of the stream."""
        fields: dict[bytes, bytes] = {}
        async for line in self.response.content:
            name, _, value = line.rstrip(b"\n").partition(b":")
            if line == b"\n" and b"data" in fields:
                frame_id = fields.get(b"id")
                return Frame(fields[b"event"].decode(), fields[b"data"], frame_id.decode() if frame_id else None)
            if line == b"\n":
                fields = {}
            elif not name:
                self.comments += 1
            else:
                fields[name] = value.removeprefix(b" ")
        return None

    async def take(self, count: int) -> list[Frame]:
        frames = [await self.next() for _ in range(count)]
        return [frame for frame in frames if frame is not None]


@asynccontextmanager
async def read_events(served: Served, query: str = "", **headers: str) -> AsyncIterator[EventReader]:
    async with served.session.get(f"/v1/events/stream{query}", headers=headers) as response:
        yield EventReader(response)
