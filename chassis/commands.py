"""Executes commands, each once in effect.

deadline -> BEGIN -> inbox -> handler -> event_log and outbox -> deadline -> COMMIT -> reply -> ack
"""

import asyncio
import random
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import asyncpg
import structlog
from asyncpg.pool import PoolConnectionProxy

from chassis import inbox, metrics, outbox
from chassis.broker import Broker, Incoming
from chassis.commit import CommitUnknownError, commit
from chassis.database import Database
from chassis.envelope import Envelope
from chassis.errors import Refusal, Unavailable, Unprocessable
from chassis.failpoints import reach
from chassis.outcomes import decide, dump
from chassis.replies import Reply, send_reply
from chassis.subscription import AnyCommand, Delivery, read_body, unhandled
from contracts.problems import (
    DEADLINE_EXCEEDED,
    IDEMPOTENCY_IN_PROGRESS,
    IDEMPOTENCY_KEY_REUSED,
    OVERLOADED,
    Problem,
)

log = structlog.get_logger()

_CLOCK_SKEW = 1.0  # seconds
_UNATTENDED = 30.0  # seconds for a command that nobody waits for
_CONFLICTS = 3
_CONFLICT = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError, asyncpg.InvalidCachedStatementError)


class _TooLateError(Exception):
    """Nothing was committed, because nobody waits any longer."""


class Commands:
    def __init__(
        self, subscriptions: Iterable[AnyCommand], database: Database, broker: Broker, *, committed: Callable[[], None]
    ) -> None:
        """`committed` is called after each commit that left something in the outbox."""
        self._subscriptions = {subscription.message.wire_name: subscription for subscription in subscriptions}
        self._database = database
        self._broker = broker
        self._committed = committed

    async def process(self, envelope: Envelope, incoming: Incoming) -> None:
        await self._process(envelope, incoming, unknown=incoming.redelivered)

    async def find_out(self, envelope: Envelope, incoming: Incoming) -> None:
        """For a command whose transaction was committed, or not."""
        await self._process(envelope, incoming, unknown=True)

    def read(self, envelope: Envelope, incoming: Incoming) -> tuple[AnyCommand, Any]:
        subscription = self._subscriptions.get(envelope.wire_name)
        if subscription is None:
            raise unhandled(envelope.wire_name, self._subscriptions)
        if envelope.sender != subscription.message.sent_by:
            raise Unprocessable("authz", f"{envelope.wire_name} is not taken from {envelope.sender or 'nobody'}")
        return subscription, read_body(subscription.message, incoming)

    async def _process(self, envelope: Envelope, incoming: Incoming, *, unknown: bool) -> None:
        subscription, command = self.read(envelope, incoming)
        reply = await self._execute(subscription, command, envelope, incoming.queue, unknown=unknown)
        if envelope.caller is not None and reply is not None:
            reach("worker.before_reply")
            send_reply(self._broker, envelope.caller, reply)
            # Until it is written.
            await asyncio.sleep(0)
        reach("worker.before_ack")

    async def _execute(
        self, subscription: AnyCommand, command: Any, envelope: Envelope, queue: str, *, unknown: bool
    ) -> Reply | None:
        """None when nobody could find out in time what became of it: then nothing is claimed."""
        caller, conflicts = envelope.caller, 0
        if caller is not None and caller.remaining < -_CLOCK_SKEW:
            return None if unknown else Reply.no(Problem(type=DEADLINE_EXCEEDED))
        while True:
            try:
                return await self._transact(subscription, command, envelope, queue)
            except _TooLateError:
                return None if unknown else Reply.no(Problem(type=DEADLINE_EXCEEDED))
            except CommitUnknownError:
                unknown = True
                log.warning("commit unknown, asking the inbox", wire_name=envelope.wire_name)
            except _CONFLICT as error:
                conflicts += 1
                if conflicts >= _CONFLICTS:
                    raise Unavailable(OVERLOADED, type(error).__name__) from error
            except Unavailable:
                if caller is None or not unknown:
                    raise
            if caller is not None and caller.remaining <= 0:
                return None if unknown else Reply.no(Problem(type=DEADLINE_EXCEEDED))
            await asyncio.sleep(random.uniform(0.02, 0.1))  # noqa: S311

    async def _transact(self, subscription: AnyCommand, command: Any, envelope: Envelope, queue: str) -> Reply:
        caller = envelope.caller
        budget = _UNATTENDED if caller is None else caller.remaining
        async with self._database.acquire() as connection:
            try:
                async with asyncio.timeout(budget):
                    await connection.execute("BEGIN")
                    reach("worker.after_begin")
                    reply, changed = await self._decide(connection, subscription, command, envelope, queue)
            except TimeoutError as error:
                raise _TooLateError from error
            except asyncpg.LockNotAvailableError as error:
                raise Unavailable(OVERLOADED, "a row is locked for too long") from error
            except asyncpg.QueryCanceledError as error:
                raise Unavailable(OVERLOADED, "a statement took too long") from error
            if not changed:
                await connection.execute("ROLLBACK")
                return reply
            if caller is not None and caller.remaining <= 0:
                await connection.execute("ROLLBACK")
                raise _TooLateError
            reach("worker.before_commit")
            await commit(connection)
            reach("worker.after_commit")
        self._committed()
        return reply

    async def _decide(
        self, connection: PoolConnectionProxy, subscription: AnyCommand, command: Any, envelope: Envelope, queue: str
    ) -> tuple[Reply, bool]:
        """The reply, and whether there is anything to commit."""
        try:
            recorded = await inbox.claim(connection, envelope)
        except asyncpg.LockNotAvailableError:
            # What nobody waits for was accepted, and may have met its own transaction, which a dead worker left behind.
            if envelope.idempotency_key is None or envelope.caller is None:
                raise
            return Reply.no(Problem(type=IDEMPOTENCY_IN_PROGRESS)), False
        if recorded is not None:
            metrics.DUPLICATES.labels(queue).inc()
            return await self._repeat(connection, subscription, command, envelope, recorded)

        outcome = await decide(subscription, command, Delivery(envelope, connection))
        reach("worker.after_handler")
        await outbox.append(connection, outcome.tells, caused_by=envelope)
        await inbox.record(connection, envelope, outcome)
        return outcome.reply, True

    async def _repeat(
        self,
        connection: PoolConnectionProxy,
        subscription: AnyCommand,
        command: Any,
        envelope: Envelope,
        recorded: inbox.Recorded,
    ) -> tuple[Reply, bool]:
        if recorded.command_id != envelope.message_id and recorded.request_sha != envelope.request_sha:
            return Reply.no(Problem(type=IDEMPOTENCY_KEY_REUSED)), False
        replayed = recorded.command_id != envelope.message_id
        if recorded.reply is None:
            # A secret is not kept: it is worked out again, and whatever that did is rolled back.
            first = replace(envelope, message_id=recorded.command_id)
            try:
                answer = await subscription.handle(command, Delivery(first, connection))
            except Refusal as refusal:
                return Reply.no(refusal.problem, recorded.command_id), False
            return Reply(recorded.status, dump(answer.reply), recorded.command_id, replayed), False
        if replayed:
            await inbox.record_repeat(connection, envelope, recorded)
        return Reply(recorded.status, recorded.reply.encode(), recorded.command_id, replayed), replayed
