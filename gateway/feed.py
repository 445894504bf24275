"""The feed as this gateway has it: live news from the notifier, and what was missed, asked for by position."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Literal
from uuid import UUID, uuid4

import orjson
import structlog
import uuid_utils.compat as uuid
from prometheus_client import Gauge

from chassis.amqp.channel import Channel, Delivered
from chassis.broker import Broker
from chassis.cloudevents import numbered
from chassis.errors import Refusal, Unavailable
from chassis.requests import Requests, Sender
from chassis.topology import FEED
from contracts.feed import FeedEvent, FeedNews, FindHead, ReadFeed
from contracts.problems import OVERLOADED, RATE_LIMITED

log = structlog.get_logger()

Reason = Literal["overflow", "bye", "reauth"]

_ENDS = {
    "auth.logged_out": "session_id",
    "auth.session_revoked": "session_id",
    "auth.token_reuse_detected": "session_id",
    "auth.api_token_revoked": "token_id",
}
"""The events that end a credential, in every version, and which member of theirs names it."""
_BUFFER = 256  # events
_PER_USER = 5
_PER_PROCESS = 2_000
_BUDGET = timedelta(seconds=5)
_RETRY_EVERY = 0.5  # seconds

_SUBSCRIPTIONS = Gauge("taskmesh_event_streams", "Open event streams and waiting pulls")


def frame(event: FeedEvent) -> bytes:
    return f"id: {numbered(event.position)}\nevent: {event.type}\ndata: {event.text}\n\n".encode()


class Subscription:
    """What one listener has not read yet. Bounded: who does not keep up is told so, and comes back by position."""

    def __init__(self, user_id: UUID, *, credential: UUID | None, types: Sequence[str], task_id: UUID | None) -> None:
        self.user_id = user_id
        self.credential = credential
        self.ended: Reason | None = None
        self._types = types
        self._task_id = task_id
        self._unread: deque[tuple[int, bytes]] = deque()
        self._news = asyncio.Event()

    def offer(self, event: FeedEvent, framed: bytes) -> None:
        if self.ended or (self._task_id is not None and event.task_id != self._task_id):
            return
        if self._types and not any(fnmatchcase(event.type, pattern) for pattern in self._types):
            return
        if len(self._unread) == _BUFFER:
            self.end("overflow")
            return
        self._unread.append((event.position, framed))
        self._news.set()

    def end(self, reason: Reason) -> None:
        self.ended = self.ended or reason
        self._news.set()

    def start_over(self) -> None:
        """After an overflow, for who reads from a position again."""
        self._unread.clear()
        self.ended = None

    async def take(self, *, within: float) -> list[tuple[int, bytes]]:
        """All that is new; nothing when the time is over, or the subscription."""
        if not self._unread and not self.ended:
            self._news.clear()
            try:
                async with asyncio.timeout(within):
                    await self._news.wait()
            except TimeoutError:
                return []
        taken = list(self._unread)
        self._unread.clear()
        return taken


class Feed:
    def __init__(self, broker: Broker, requests: Requests) -> None:
        self._requests = requests
        self._head: int | None = None
        self._missed = asyncio.Event()
        self._turn = asyncio.Lock()
        self._by_user: defaultdict[UUID, set[Subscription]] = defaultdict(set)
        self._count = 0
        broker.keep_channel(self._open, name="feed")

    async def _open(self, channel: Channel) -> None:
        name = f"gateway.feed.{uuid4().hex}"
        await channel.declare_passing_queue(name)
        await channel.bind(name, FEED, "")
        await channel.consume(name, self._receive, no_ack=True)
        self._missed.set()

    async def _receive(self, message: Delivered) -> None:
        news = FeedNews.model_validate_json(message.body)
        async with self._turn:
            if self._head is None:
                return
            fresh = [event for event in news.items if event.position > self._head]
            if fresh and fresh[0].position == self._head + 1:
                self._dispatch(fresh)
            if news.head > self._head:
                self._missed.set()

    def _dispatch(self, events: Sequence[FeedEvent]) -> None:
        for event in events:
            listeners = [each for reader in event.readers for each in self._by_user.get(reader, ())]
            framed = frame(event) if listeners else b""
            for listener in listeners:
                listener.offer(event, framed)
            if named := _ENDS.get(event.type.rpartition(".")[0]):
                self.end_credential(UUID(orjson.loads(event.text)["data"][named]))
            self._head = event.position

    async def keep(self) -> None:
        while True:
            await self._missed.wait()
            self._missed.clear()
            await self._requests.wait_ready()
            try:
                async with self._turn:
                    await self._catch_up()
            except (Refusal, Unavailable) as error:
                log.info("feed not read", reason=str(error))
                self._missed.set()
                await asyncio.sleep(_RETRY_EVERY)

    async def _catch_up(self) -> None:
        sender = Sender(message_id=uuid.uuid7(), actor=None, budget=_BUDGET)
        if self._head is None:
            self._head = (await self._requests.ask(FindHead(), sender)).value.after
            return
        more = True
        while more:
            page = (await self._requests.ask(ReadFeed(after=self._head), sender)).value
            self._dispatch(page.items)
            more = page.has_more

    @contextmanager
    def subscribe(
        self, user_id: UUID, *, credential: UUID | None, types: Sequence[str], task_id: UUID | None
    ) -> Iterator[Subscription]:
        if self._count >= _PER_PROCESS:
            raise Unavailable(OVERLOADED, "too many event streams")
        if len(self._by_user[user_id]) >= _PER_USER:
            raise Refusal(RATE_LIMITED, f"at most {_PER_USER} event streams at once", facts={"retry_after": 5})
        subscription = Subscription(user_id, credential=credential, types=types, task_id=task_id)
        self._by_user[user_id].add(subscription)
        self._count += 1
        _SUBSCRIPTIONS.set(self._count)
        try:
            yield subscription
        finally:
            self._count -= 1
            _SUBSCRIPTIONS.set(self._count)
            self._by_user[user_id].discard(subscription)
            if not self._by_user[user_id]:
                del self._by_user[user_id]

    def end_all(self) -> None:
        for subscriptions in self._by_user.values():
            for subscription in subscriptions:
                subscription.end("bye")

    def end_credential(self, credential: UUID) -> None:
        for subscriptions in self._by_user.values():
            for subscription in subscriptions:
                if subscription.credential == credential:
                    subscription.end("reauth")
