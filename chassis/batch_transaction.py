"""One transaction for several commands: handlers, event_log and outbox, inbox, deadlines, COMMIT.

The inbox comes last: that one of them was carried out before is told by its uniqueness, and then nothing is committed.
"""

import asyncio
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from opentelemetry.trace import Span

from chassis import inbox, outbox
from chassis.broker import Incoming
from chassis.commit import commit
from chassis.database import Database
from chassis.envelope import Envelope
from chassis.failpoints import reach
from chassis.outcomes import Outcome, decide, outcome_of
from chassis.subscription import AnyCommand, Delivery, Write
from chassis.tracing import inside, traceparent_of

_UNATTENDED = 10.0  # seconds

# Whoever waits for a row makes all of them wait.
_BEGIN = "BEGIN; SET LOCAL lock_timeout = '200ms'"


class NotTogetherError(Exception):
    """One of them was carried out before, or is too late."""


@dataclass(frozen=True, slots=True)
class Waiting:
    incoming: Incoming
    envelope: Envelope
    subscription: AnyCommand
    command: Any
    aggregate_id: UUID
    since: float

    def join(self, seen: set[object]) -> bool:
        """Whether its twin has joined before."""
        envelope = self.envelope
        keys: list[object] = [envelope.message_id]
        if envelope.idempotency_key is not None:
            keys.append((envelope.scope, envelope.idempotency_key))
        known = not seen.isdisjoint(keys)
        seen.update(keys)
        return known


async def carry_out(database: Database, batch: Sequence[Waiting], spans: Sequence[Span]) -> list[Outcome]:
    """In the order of `batch`. Whatever is raised, nothing was committed, but for CommitUnknownError."""
    callers = [waiting.envelope.caller for waiting in batch]
    budget = min((caller.remaining for caller in callers if caller is not None), default=_UNATTENDED)
    async with database.acquire() as connection:
        try:
            async with asyncio.timeout(budget):
                await connection.execute(_BEGIN)
                reach("worker.after_begin")
                outcomes = await _decide(connection, batch, spans)
                envelopes = (waiting.envelope for waiting in batch)
                new = await inbox.claim_and_record(connection, list(zip(envelopes, outcomes, strict=True)))
        except TimeoutError as error:
            raise NotTogetherError from error
        except asyncpg.PostgresError:
            await connection.execute("ROLLBACK")
            raise
        if not new or any(caller.remaining <= 0 for caller in callers if caller is not None):
            await connection.execute("ROLLBACK")
            raise NotTogetherError
        reach("worker.before_commit")
        await commit(connection)
        reach("worker.after_commit")
    return outcomes


async def _decide(connection: PoolConnectionProxy, batch: Sequence[Waiting], spans: Sequence[Span]) -> list[Outcome]:
    gathered: dict[Write, list[Any]] = {}
    deliveries = [Delivery(waiting.envelope, connection, gathered) for waiting in batch]
    outcomes: list[Outcome] = []
    for run in _runs(batch):
        subscription, commands = run[0].subscription, [waiting.command for waiting in run]
        together = slice(len(outcomes), len(outcomes) + len(run))
        if subscription.handle_all is not None:
            answers = await subscription.handle_all(commands, deliveries[together])
            outcomes += [
                outcome_of(subscription, answer, waiting.envelope) for answer, waiting in zip(answers, run, strict=True)
            ]
            continue
        for command, delivery, span in zip(commands, deliveries[together], spans[together], strict=True):
            with inside(span):
                outcomes.append(await decide(subscription, command, delivery))
    reach("worker.after_handler")
    for write, changes in gathered.items():
        await write(connection, changes)
    await outbox.append_all(
        connection,
        [
            outbox.Told(outcome.tells, waiting.envelope, traceparent_of(span))
            for outcome, waiting, span in zip(outcomes, batch, spans, strict=True)
        ],
    )
    return outcomes


def _runs(batch: Sequence[Waiting]) -> Iterator[list[Waiting]]:
    """Those that are handled in one go: neighbours of one kind, so that rows are locked in the order of the batch."""
    run = [batch[0]]
    for before, waiting in itertools.pairwise(batch):
        if waiting.subscription is before.subscription and waiting.aggregate_id != before.aggregate_id:
            run.append(waiting)
        else:
            yield run
            run = [waiting]
    yield run
