"""What was done already. The first statement of a command's transaction claims its place here."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from asyncpg.pool import PoolConnectionProxy

from chassis.envelope import Envelope
from chassis.errors import Unavailable
from chassis.replies import Reply
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


async def claim(connection: PoolConnectionProxy, envelope: Envelope) -> Recorded | None:
    """None: the place is ours. Otherwise what was recorded, by this message or by this Idempotency-Key.

    Waits for a twin that is being carried out, because its row is not committed yet.
    """
    dedup_key = f"k:{envelope.idempotency_key}" if envelope.idempotency_key else f"m:{envelope.message_id}"
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


async def record(
    connection: PoolConnectionProxy, envelope: Envelope, reply: Reply, *, kept: bool, secret: bool
) -> None:
    """An answer that is not `kept` belongs to this message alone: its Idempotency-Key may be tried again."""
    await connection.execute(
        """
        UPDATE inbox
           SET status = $2,
               reply = $3,
               dedup_key = CASE WHEN $4 THEN dedup_key ELSE 'm:' || command_id END
         WHERE command_id = $1
        """,
        envelope.message_id,
        reply.status,
        None if secret else reply.body.decode(),
        kept,
    )


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
