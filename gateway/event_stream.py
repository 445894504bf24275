"""One open stream of server-sent events: what was missed, then what happens."""

import asyncio
import random
import time
from collections.abc import Iterable
from uuid import UUID

import structlog
from aiohttp import web

from chassis.errors import Refusal, Unavailable
from contracts.feed import FeedPage, ListEvents
from contracts.problems import CURSOR_EXPIRED, INVALID_CURSOR
from gateway.execution import ask
from gateway.feed import Reason, Subscription, frame

log = structlog.get_logger()

_KEEP_ALIVE = 15.0  # seconds
_STUCK = 30.0  # seconds in which a reader takes nothing
_PAGE = 500
_PIECE = 64 * 1024  # bytes

_RETRY = b"retry: 3000\n\n"
_RESET = b'event: reset\ndata: {"snapshot":"/v1/tasks"}\n\n'


def _last_words(reason: Reason) -> bytes:
    # Spread out, so that those who were sent away together do not return together.
    retry = f"retry: {random.randint(1000, 5000)}\n" if reason == "bye" else ""  # noqa: S311
    return f"{retry}event: {reason}\ndata: {{}}\n\n".encode()


class EventStream:
    def __init__(
        self,
        request: web.Request,
        subscription: Subscription,
        *,
        types: tuple[str, ...],
        task_id: UUID | None,
        after: int | None,
        expires_at: float,
    ) -> None:
        self._request = request
        self._subscription = subscription
        self._types = types
        self._task_id = task_id
        self._after = after
        self._expires_at = expires_at
        self._response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream; charset=utf-8", "X-Accel-Buffering": "no"}
        )

    async def run(self) -> web.StreamResponse:
        """The first page is asked for before the answer begins, so that a no can still be told as one."""
        page, begin = await self._first_page(), _RETRY
        if self._after is not None and page is None:
            begin += _RESET
        await self._response.prepare(self._request)
        if self._request.method == "HEAD":
            return self._response
        try:
            await self._write([begin])
            if page is not None:
                await self._replay(page)
            await self._follow()
        except (Refusal, Unavailable) as error:
            # The answer has begun, so that the client learns by its end to come back, and goes on from where it is.
            log.info("event stream ended", reason=str(error))
        except TimeoutError:
            if self._request.transport is not None:
                self._request.transport.abort()
        return self._response

    async def _first_page(self) -> FeedPage | None:
        if self._after is None:
            return None
        try:
            return await self._page(self._after)
        except Refusal as refusal:
            if refusal.problem.type in (CURSOR_EXPIRED, INVALID_CURSOR):
                return None
            raise

    async def _page(self, after: int) -> FeedPage:
        query = ListEvents(after=after, types=self._types, task_id=self._task_id, limit=_PAGE)
        return await ask(self._request, query)

    async def _replay(self, page: FeedPage) -> None:
        while True:
            await self._write(frame(event) for event in page.items)
            self._after = page.after
            if self._subscription.ended == "overflow":
                self._subscription.start_over()
            elif not page.has_more:
                return
            page = await self._page(page.after)

    async def _follow(self) -> None:
        while True:
            remaining = self._expires_at - time.time()
            if remaining <= 0:
                self._subscription.end("reauth")
            news = await self._subscription.take(within=min(_KEEP_ALIVE, max(remaining, 0)))
            frames = [framed for position, framed in news if self._after is None or position > self._after]
            if self._subscription.ended:
                frames.append(_last_words(self._subscription.ended))
            elif not news and remaining > _KEEP_ALIVE:
                frames.append(b": keep-alive\n\n")
            await self._write(frames)
            if self._subscription.ended:
                return

    async def _write(self, frames: Iterable[bytes]) -> None:
        """In pieces, so that who takes nothing holds one, and not all that he did not take."""
        piece = bytearray()
        for framed in frames:
            piece += framed
            if len(piece) >= _PIECE:
                await self._send(bytes(piece))
                piece.clear()
        if piece:
            await self._send(bytes(piece))

    async def _send(self, piece: bytes) -> None:
        async with asyncio.timeout(_STUCK):
            await self._response.write(piece)
