"""The asker's side of a conversation: sends a command or query to its owner and waits for the answer."""

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from types import MappingProxyType
from typing import Any, Generic, TypeVar, cast
from uuid import UUID, uuid4

import structlog

from chassis import metrics
from chassis.amqp.channel import Channel, Delivered
from chassis.broker import Broker, Outgoing, PublishUnconfirmed
from chassis.errors import Refusal, TaskmeshError, Unavailable
from chassis.topology import COMMANDS, REPLIES
from chassis.tracing import exemplar, publish_span
from contracts.message import Actor, Command, Query
from contracts.problems import BROKER_UNAVAILABLE, DEADLINE_EXCEEDED, OVERLOADED, RATE_LIMITED, Problem

log = structlog.get_logger()

R = TypeVar("R")

_PUBLISH_TIMEOUT = 2.0  # seconds


class OutcomeUnknown(TaskmeshError):
    """A command was sent, and no answer came in time: it may be done, or not."""

    def __init__(self, command_id: UUID) -> None:
        self.command_id = command_id
        super().__init__(f"no answer to {command_id}")


@dataclass(frozen=True, slots=True)
class Idempotency:
    key: str
    fingerprint: str
    """Of the whole request; keyed, because it covers passwords and is stored."""


@dataclass(frozen=True, slots=True)
class Sender:
    """On whose behalf, how long he waits, and the id that the message has."""

    message_id: UUID
    actor: Actor | None
    budget: timedelta
    idempotency: Idempotency | None = None


@dataclass(frozen=True)
class Replied(Generic[R]):
    status: int
    body: bytes
    """The value, as its sender wrote it."""
    reply_type: Any
    """Of the value; None where there is none."""
    command_id: UUID
    """Of the command that was executed, which is another one when this request was a repetition."""
    replayed: bool

    @cached_property
    def value(self) -> R:
        """Read when it is asked for: most answers are only passed on."""
        value: Any = None if self.reply_type is None else self.reply_type.model_validate_json(self.body)
        return cast(R, value)


@dataclass(frozen=True, slots=True)
class _Raw:
    status: int
    body: bytes
    command_id: UUID | None
    replayed: bool


class _Waiting:
    """Who waits for which answer. Bounded, and without a queue: who finds no place is refused now."""

    def __init__(self, limit: int, limit_per_user: int | None, limit_by_queue: Mapping[str, int]) -> None:
        self._limit = limit
        self._limit_by_queue = limit_by_queue
        self._by_queue: Counter[str] = Counter()
        self._limit_per_user = limit_per_user
        self._answers: dict[str, asyncio.Future[_Raw]] = {}
        self._by_user: Counter[UUID | None] = Counter()
        metrics.PENDING_REQUESTS.set_function(lambda: len(self._answers))

    @property
    def places_left(self) -> int:
        return self._limit - len(self._answers)

    def has_place(self, queue: str) -> bool:
        return self.places_left > 0 and self._by_queue[queue] < self._limit_by_queue.get(queue, self._limit)

    def require_place(self, queue: str) -> None:
        if not self.has_place(queue):
            raise Unavailable(OVERLOADED)

    @contextmanager
    def place(self, actor: Actor | None, queue: str) -> Iterator[tuple[str, asyncio.Future[_Raw]]]:
        user = actor.id if actor else None
        self.require_place(queue)
        if user is not None and self._limit_per_user is not None and self._by_user[user] >= self._limit_per_user:
            raise Refusal(RATE_LIMITED, "too many requests at once", facts={"retry_after": 1})
        correlation_id = secrets.token_hex(16)
        answer = self._answers[correlation_id] = asyncio.get_running_loop().create_future()
        self._by_user[user] += 1
        self._by_queue[queue] += 1
        try:
            yield correlation_id, answer
        finally:
            del self._answers[correlation_id]
            self._by_queue[queue] -= 1
            self._by_user[user] -= 1
            if not self._by_user[user]:
                del self._by_user[user]

    def settle(self, correlation_id: str | None, raw: _Raw) -> None:
        answer = self._answers.get(correlation_id or "")
        if answer is None or answer.done():
            metrics.STRAY_REPLIES.inc()
        else:
            answer.set_result(raw)

    def lose_all(self) -> None:
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(ConnectionResetError("the reply queue is gone"))


class Requests:
    def __init__(
        self,
        broker: Broker,
        *,
        max_pending: int,
        max_pending_per_user: int | None,
        max_pending_by_queue: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        """`max_pending_by_queue` keeps what is slow from taking every place."""
        self._broker = broker
        self._waiting = _Waiting(max_pending, max_pending_per_user, max_pending_by_queue)
        self._reply_to = ""
        self._replies = broker.keep_channel(self._open_replies, name="replies")

    @property
    def ready(self) -> bool:
        return self._broker.can_publish and self._replies.ready

    async def wait_ready(self) -> None:
        await self._broker.wait_can_publish()
        await self._replies.wait_ready()

    @property
    def places_left(self) -> int:
        """How many more may wait for an answer."""
        return self._waiting.places_left

    def has_place(self, queue: str) -> bool:
        return self._waiting.has_place(queue)

    def require_place(self, queue: str) -> None:
        """Raises Unavailable where what is asked of this queue would be refused now."""
        self._waiting.require_place(queue)

    async def _open_replies(self, channel: Channel) -> None:
        """A new name for every connection: the old queue may not be reaped yet, and what it held is lost anyway."""
        name = f"{self._broker.user}.replies.{uuid4().hex}"
        await channel.declare_passing_queue(name)
        await channel.bind(name, REPLIES, name)
        await channel.consume(name, self._receive, no_ack=True)
        channel.on_end(self._waiting.lose_all)
        self._reply_to = name

    def _receive(self, message: Delivered) -> None:
        properties = message.properties
        headers = properties.headers or {}
        status, executed = headers.get("x-status"), headers.get("x-command-id")
        raw = _Raw(
            status if isinstance(status, int) else 500,
            message.body,
            UUID(executed) if isinstance(executed, str) else None,
            headers.get("x-replayed") is True,
        )
        self._waiting.settle(properties.correlation_id, raw)

    async def ask(self, message: Command[R] | Query[R], sender: Sender, *, queue: str | None = None) -> Replied[R]:
        """The answer yes. Raises Refusal for no, Unavailable when nothing was done, OutcomeUnknown when nobody knows.

        `queue` is for the questions that several services answer.
        """
        started, outcome = time.perf_counter(), "unknown"
        try:
            raw = await self._exchange(message, sender, queue or message.queue)
            outcome = "ok" if raw.status < 400 else "refused" if raw.status < 500 else "failed"
        except Unavailable:
            outcome = "unavailable"
            raise
        finally:
            metrics.REQUEST_DURATION.labels(message.wire_name, outcome).observe(
                time.perf_counter() - started, exemplar()
            )
        if raw.status >= 400:
            problem = Problem.model_validate_json(raw.body)
            raise Refusal(problem.type, problem.detail, errors=problem.errors, facts=problem.facts)
        command_id = raw.command_id or sender.message_id
        return Replied(raw.status, raw.body, message.reply_type(), command_id, raw.replayed)

    async def _exchange(self, message: Command[Any] | Query[Any], sender: Sender, queue: str) -> _Raw:
        if not self.ready:
            raise Unavailable(BROKER_UNAVAILABLE)
        deadline = datetime.now(UTC) + sender.budget
        with self._waiting.place(sender.actor, queue) as (correlation_id, answer):
            headers = {**_headers(sender), "x-deadline": int(deadline.timestamp() * 1000)}
            outgoing = _outgoing(
                message,
                sender,
                queue,
                headers,
                reply_to=self._reply_to,
                correlation_id=correlation_id,
                expiration=max(1, int(sender.budget.total_seconds() * 1000)),
            )
            try:
                async with asyncio.timeout(sender.budget.total_seconds()):
                    await self._publish(outgoing)
                    return await answer
            except (TimeoutError, ConnectionResetError) as error:
                if isinstance(message, Command):
                    raise OutcomeUnknown(sender.message_id) from error
                if isinstance(error, TimeoutError):
                    raise Refusal(DEADLINE_EXCEEDED) from error
                raise Unavailable(BROKER_UNAVAILABLE) from error

    async def _publish(self, outgoing: Outgoing) -> None:
        try:
            with publish_span(outgoing.exchange, outgoing.routing_key, outgoing.headers):
                await self._broker.publish(outgoing, timeout=_PUBLISH_TIMEOUT)
        except PublishUnconfirmed as error:
            # It may have arrived: the answer will tell.
            log.warning("publish unconfirmed", wire_name=outgoing.type, reason=str(error))

    async def send(self, command: Command[Any], sender: Sender) -> None:
        """Returns when the broker has the command. It has no deadline: it is carried out, however late."""
        outgoing = _outgoing(command, sender, command.queue, _headers(sender))
        try:
            async with asyncio.timeout(sender.budget.total_seconds()):
                with publish_span(outgoing.exchange, outgoing.routing_key, outgoing.headers):
                    await self._broker.publish(outgoing, timeout=_PUBLISH_TIMEOUT)
        except (PublishUnconfirmed, TimeoutError) as error:
            raise OutcomeUnknown(sender.message_id) from error


def _headers(sender: Sender) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if sender.actor is not None:
        headers["x-actor"] = sender.actor.model_dump_json()
    if sender.idempotency is not None:
        headers["x-idempotency-key"] = sender.idempotency.key
        headers["x-request-sha"] = sender.idempotency.fingerprint
    return headers


def _outgoing(
    message: Command[Any] | Query[Any], sender: Sender, queue: str, headers: dict[str, Any], **caller: Any
) -> Outgoing:
    return Outgoing(
        exchange=COMMANDS,
        routing_key=queue,
        body=message.model_dump_json().encode(),
        message_id=str(sender.message_id),
        type=message.wire_name,
        headers=headers,
        persistent=isinstance(message, Command),
        **caller,
    )
