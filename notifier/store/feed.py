from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import asyncpg
import orjson
from asyncpg.pool import PoolConnectionProxy

from chassis.cloudevents import CloudEvent, structured
from contracts.feed import FeedEvent


@dataclass(frozen=True, slots=True)
class FeedState:
    last_position: int
    expired_through: int


async def find_state(connection: PoolConnectionProxy) -> FeedState:
    row = await connection.fetchrow("SELECT last_position, expired_through FROM feed_state")
    assert row is not None  # noqa: S101  a migration wrote it, and nobody may delete it
    return FeedState(row["last_position"], row["expired_through"])


def _event(row: asyncpg.Record, readers: Sequence[UUID]) -> FeedEvent:
    event = CloudEvent(
        id=row["event_id"],
        type=row["type"],
        source=row["source"],
        subject=row["subject"],
        time=row["created_at"],
        sequence=row["sequence"],
        schema=row["dataschema"],
        partition=row["partitionkey"],
        traceparent=row["traceparent"],
        data=orjson.loads(row["data"]),
        body=row["data"],
    )
    return FeedEvent(
        position=row["position"],
        id=event.id,
        type=event.type,
        task_id=row["task_id"],
        readers=tuple(readers),
        text=structured(event, position=row["position"]),
    )


async def list_events_for(
    connection: PoolConnectionProxy,
    user_id: UUID,
    *,
    after: int,
    types: Sequence[str],
    task_id: UUID | None,
    limit: int,
) -> list[FeedEvent]:
    """`types` are patterns of LIKE; none lets every event through."""
    rows = await connection.fetch(
        """
        SELECT a.position, a.event_id, a.type, a.source, a.subject, a.created_at, a.sequence, a.dataschema,
               a.partitionkey, a.traceparent, a.data, a.task_id
          FROM feed_readers r
          JOIN activity a USING (position)
         WHERE r.user_id = $1
           AND r.position > $2
           AND ($3::text[] = '{}' OR a.type LIKE ANY ($3))
           AND ($4::uuid IS NULL OR r.task_id = $4)
         ORDER BY r.position
         LIMIT $5
        """,
        user_id,
        after,
        list(types),
        task_id,
        limit,
    )
    return [_event(row, [user_id]) for row in rows]


async def list_events(connection: PoolConnectionProxy, *, after: int, limit: int) -> list[FeedEvent]:
    """Everybody's, each with its readers."""
    rows = await connection.fetch(
        """
        SELECT a.position, a.event_id, a.type, a.source, a.subject, a.created_at, a.sequence, a.dataschema,
               a.partitionkey, a.traceparent, a.data, a.task_id,
               ARRAY(SELECT user_id FROM feed_readers r WHERE r.position = a.position) AS readers
          FROM activity a
         WHERE a.position > $1
         ORDER BY a.position
         LIMIT $2
        """,
        after,
        limit,
    )
    return [_event(row, row["readers"]) for row in rows]


async def list_events_at(connection: PoolConnectionProxy, positions: Sequence[int]) -> list[FeedEvent]:
    rows = await connection.fetch(
        """
        SELECT a.position, a.event_id, a.type, a.source, a.subject, a.created_at, a.sequence, a.dataschema,
               a.partitionkey, a.traceparent, a.data, a.task_id
          FROM activity a
         WHERE a.position = ANY ($1::bigint[])
         ORDER BY a.position
        """,
        list(positions),
    )
    return [_event(row, ()) for row in rows]


async def forget_expired(connection: PoolConnectionProxy, *, kept: timedelta) -> None:
    """Events leave the feed, and stay in the activity log."""
    await connection.execute(
        """
        WITH expired AS (
             SELECT max(position) AS through
               FROM activity
              WHERE position > (SELECT expired_through FROM feed_state)
                AND created_at < now() - $1::interval
        ), state AS (
             UPDATE feed_state
                SET expired_through = expired.through
               FROM expired
              WHERE expired.through > expired_through
        )
        DELETE FROM feed_readers
         USING expired
         WHERE position <= expired.through
        """,
        kept,
    )


async def redeem_ticket(connection: PoolConnectionProxy, ticket_id: UUID) -> bool:
    """False when it was used before."""
    redeemed: bool | None = await connection.fetchval(
        "INSERT INTO redeemed_tickets (ticket_id) VALUES ($1) ON CONFLICT DO NOTHING RETURNING true", ticket_id
    )
    return redeemed is not None


async def forget_tickets(connection: PoolConnectionProxy) -> None:
    await connection.execute("DELETE FROM redeemed_tickets WHERE redeemed_at < now() - interval '1 hour'")
