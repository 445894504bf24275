"""What was done already. The first statement of a command's transaction claims its place here."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from asyncpg.pool import PoolConnectionProxy

from chassis.envelope import Envelope
from chassis.errors import Unavailable
from chassis.outcomes import Outcome
from contracts.problems import OVERLOADED


@dataclass(frozen=True, slots=True)
class Recorded:
    command_id: UUID
    request_sha: str
    status: int
    reply: str | None
    """JSON; None where the reply was a secret."""
    type: str
    created_at: datetime


def _dedup_key(envelope: Envelope) -> str:
    return f"k:{envelope.idempotency_key}" if envelope.idempotency_key else f"m:{envelope.message_id}"


async def claim(connection: PoolConnectionProxy, envelope: Envelope) -> Recorded | None:
    """None: the place is ours. Otherwise what was recorded, by this message or by this Idempotency-Key.

    Waits for a twin that is being carried out, because its row is not committed yet.
    """
    dedup_key = _dedup_key(envelope)
    claimed = await connection.fetchval(
        """
        INSERT INTO inbox (scope, dedup_key, request_sha, command_id, type)
        VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT DO NOTHING
        RETURNING true
        """,
        envelope.scope,
        dedup_key,
        envelope.request_sha,
        envelope.message_id,
        envelope.wire_name,
    )
    if claimed:
        return None
    row = await connection.fetchrow(
        """
        SELECT command_id, request_sha, status, reply, type, created_at
          FROM inbox
         WHERE command_id = $1
            OR (scope = $2 AND dedup_key = $3)
         ORDER BY command_id = $1 DESC
         LIMIT 1
        """,
        envelope.message_id,
        envelope.scope,
        dedup_key,
    )
    if row is None:
        raise Unavailable(OVERLOADED, "what was recorded expired at this moment")
    return Recorded(**row)


async def record(connection: PoolConnectionProxy, envelope: Envelope, outcome: Outcome) -> None:
    await connection.execute(
        """
        UPDATE inbox
           SET status = $2,
               reply = $3,
               dedup_key = CASE WHEN $4 THEN dedup_key ELSE 'm:' || command_id END
         WHERE command_id = $1
        """,
        envelope.message_id,
        outcome.reply.status,
        _kept_reply(outcome),
        outcome.kept,
    )


async def claim_and_record(connection: PoolConnectionProxy, carried_out: Sequence[tuple[Envelope, Outcome]]) -> bool:
    """False: one of them was there already, so that none of this may be committed.

    Waits for a twin that is being carried out, as `claim` does.
    """
    claimed = await connection.fetch(
        """
        INSERT INTO inbox (scope, dedup_key, request_sha, command_id, type, status, reply)
        SELECT *
          FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::text[], $6::smallint[], $7::json[])
            ON CONFLICT DO NOTHING
        RETURNING true
        """,
        [envelope.scope for envelope, _ in carried_out],
        [_dedup_key(envelope) for envelope, _ in carried_out],
        [envelope.request_sha for envelope, _ in carried_out],
        [envelope.message_id for envelope, _ in carried_out],
        [envelope.wire_name for envelope, _ in carried_out],
        [outcome.reply.status for _, outcome in carried_out],
        [_kept_reply(outcome) for _, outcome in carried_out],
    )
    given_back = [envelope.message_id for envelope, outcome in carried_out if not outcome.kept]
    if given_back:
        await connection.execute(
            "UPDATE inbox SET dedup_key = 'm:' || command_id WHERE command_id = ANY ($1)", given_back
        )
    return len(claimed) == len(carried_out)


def _kept_reply(outcome: Outcome) -> str | None:
    return None if outcome.secret else outcome.reply.body.decode()


async def record_repeat(connection: PoolConnectionProxy, envelope: Envelope, first: Recorded) -> None:
    """The command that only repeated another by its Idempotency-Key has that one's outcome."""
    await connection.execute(
        """
        INSERT INTO inbox (scope, dedup_key, request_sha, command_id, type, status, reply)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
            ON CONFLICT DO NOTHING
        """,
        envelope.scope,
        f"m:{envelope.message_id}",
        envelope.request_sha,
        envelope.message_id,
        envelope.wire_name,
        first.status,
        first.reply,
    )


async def find(connection: PoolConnectionProxy, command_id: UUID, *, scope: UUID) -> Recorded | None:
    row = await connection.fetchrow(
        """
        SELECT command_id, request_sha, status, reply, type, created_at
          FROM inbox
         WHERE command_id = $1
           AND scope = $2
        """,
        command_id,
        scope,
    )
    return None if row is None else Recorded(**row)


async def take_events(connection: PoolConnectionProxy, consumer: str, event_ids: Collection[UUID]) -> set[UUID]:
    """Those that the consumer has not taken in before."""
    rows = await connection.fetch(
        """
        INSERT INTO event_inbox (consumer, event_id)
        SELECT $1, event_id
          FROM unnest($2::uuid[]) AS event_id
            ON CONFLICT DO NOTHING
        RETURNING event_id
        """,
        consumer,
        event_ids,
    )
    return {row["event_id"] for row in rows}


async def forget_expired(connection: PoolConnectionProxy) -> None:
    await connection.execute("DELETE FROM inbox WHERE expires_at < now()")
    await connection.execute("DELETE FROM event_inbox WHERE taken_at < now() - interval '30 days'")
