"""One transaction for several commands: handlers, event_log and outbox, inbox, deadlines, COMMIT.

The inbox comes last: that one of them was carried out before is told by its uniqueness, and then nothing is committed.
"""

import asyncio
from collections import defaultdict
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
    outcomes: dict[int, Outcome] = {}
    for subscription, places in _sets(batch):
        answers = await subscription.handle_all(
            [batch[place].command for place in places], [deliveries[place] for place in places]
        )
        for place, answer in zip(places, answers, strict=True):
            outcomes[place] = outcome_of(subscription, answer, batch[place].envelope)
    for place, waiting in enumerate(batch):
        if place not in outcomes:
            with inside(spans[place]):
                outcomes[place] = await decide(waiting.subscription, waiting.command, deliveries[place])
    reach("worker.after_handler")
    for write, changes in gathered.items():
        await write(connection, changes)
    in_order = [outcomes[place] for place in range(len(batch))]
    await outbox.append_all(
        connection,
        [
            outbox.Told(outcome.tells, waiting.envelope, traceparent_of(span))
            for outcome, waiting, span in zip(in_order, batch, spans, strict=True)
        ],
    )
    return in_order


def _sets(batch: Sequence[Waiting]) -> Iterator[tuple[Any, list[int]]]:
    """The places of those that are handled in one go."""
    places: defaultdict[AnyCommand, list[int]] = defaultdict(list)
    for place, waiting in enumerate(batch):
        if waiting.subscription.handle_all is not None:
            places[waiting.subscription].append(place)
    return iter(places.items())
