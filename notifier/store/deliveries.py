from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
import orjson
from asyncpg.pool import PoolConnectionProxy
from uuid_utils.compat import uuid7

from contracts.webhooks import Attempt, WebhookDelivery
from notifier.webhook_schedule import Result


@dataclass(frozen=True, slots=True)
class Due:
    """What the sender needs for one attempt."""

    id: UUID
    webhook_id: UUID
    event_id: UUID
    body: str
    attempts: int
    url: str
    sealed_secrets: Sequence[str]
    """Two while one replaces another."""
    failing_since: datetime | None


async def list_listeners(
    connection: PoolConnectionProxy, owners: Sequence[tuple[UUID, str]]
) -> Mapping[int, Sequence[UUID]]:
    """By the place of an owner with a type of event: those of his webhooks that want it."""
    rows = await connection.fetch(
        """
        SELECT o.number, array_agg(w.id) AS webhook_ids
          FROM unnest($1::uuid[], $2::text[]) WITH ORDINALITY AS o (owner_id, event_type, number)
          JOIN webhooks w USING (owner_id)
         WHERE w.enabled
           AND o.event_type LIKE ANY (w.event_patterns)
         GROUP BY o.number
         ORDER BY o.number
        """,
        [owner_id for owner_id, _ in owners],
        [event_type for _, event_type in owners],
    )
    return {row["number"] - 1: row["webhook_ids"] for row in rows}


async def insert_deliveries(
    connection: PoolConnectionProxy, webhook_ids: Collection[UUID], *, event_id: UUID, event_type: str, body: str
) -> None:
    await connection.executemany(
        """
        INSERT INTO webhook_deliveries (id, webhook_id, event_id, type, body)
        VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (webhook_id, event_id) DO NOTHING
        """,
        [(uuid7(), webhook_id, event_id, event_type, body) for webhook_id in webhook_ids],
    )


async def insert_delivery(
    connection: PoolConnectionProxy, delivery_id: UUID, webhook_id: UUID, *, event_type: str, body: str
) -> None:
    """Of an event that is for this webhook alone, and has its delivery's id."""
    await connection.execute(
        "INSERT INTO webhook_deliveries (id, webhook_id, event_id, type, body) VALUES ($1, $2, $1, $3, $4)",
        delivery_id,
        webhook_id,
        event_type,
        body,
    )


async def lease_due(connection: PoolConnectionProxy, *, lease: timedelta, limit: int, per_webhook: int) -> list[Due]:
    """Nobody else takes them before the lease ends; an attempt counts from here, so that a crash counts too.

    No webhook has more than `per_webhook` under way, whoever sends them.
    """
    rows = await connection.fetch(
        """
        WITH busy AS (
             SELECT webhook_id, count(*) AS under_way
               FROM webhook_deliveries
              WHERE state = 'due'
                AND leased_until >= now()
              GROUP BY webhook_id
        ), ranked AS (
             SELECT d.id, d.next_at,
                    coalesce(b.under_way, 0) + row_number() OVER (PARTITION BY d.webhook_id ORDER BY d.next_at, d.id)
                    AS place
               FROM webhook_deliveries d
               JOIN webhooks w ON w.id = d.webhook_id
               LEFT JOIN busy b ON b.webhook_id = d.webhook_id
              WHERE d.state = 'due'
                AND d.next_at <= now()
                AND d.leased_until < now()
                AND w.enabled
        ), chosen AS (
             SELECT d.id
               FROM webhook_deliveries d
               JOIN ranked r ON r.id = d.id
              WHERE r.place <= $3
                AND d.state = 'due'
                AND d.leased_until < now()
              ORDER BY r.next_at
              LIMIT $2
                FOR UPDATE OF d SKIP LOCKED
        )
        UPDATE webhook_deliveries d
           SET leased_until = now() + $1::interval,
               attempts = d.attempts + 1
          FROM chosen c, webhooks w
         WHERE d.id = c.id
           AND w.id = d.webhook_id
        RETURNING d.id, d.webhook_id, d.event_id, d.body, d.attempts, w.url, w.sealed_secret, w.failing_since,
                  CASE WHEN w.previous_secret_until > now() THEN w.previous_sealed_secret END AS previous
        """,
        lease,
        limit,
        per_webhook,
    )
    return [
        Due(
            id=row["id"],
            webhook_id=row["webhook_id"],
            event_id=row["event_id"],
            body=row["body"],
            attempts=row["attempts"],
            url=row["url"],
            sealed_secrets=[secret for secret in (row["sealed_secret"], row["previous"]) if secret],
            failing_since=row["failing_since"],
        )
        for row in rows
    ]


async def record_attempt(
    connection: PoolConnectionProxy, due: Due, result: Result, *, at: datetime, milliseconds: int
) -> None:
    await connection.execute(
        """
        INSERT INTO webhook_attempts (delivery_id, number, at, outcome, status, milliseconds, response)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        """,
        due.id,
        due.attempts,
        at,
        result.outcome,
        result.status,
        milliseconds,
        result.response,
    )


async def settle(connection: PoolConnectionProxy, due: Due, *, succeeded: bool, again_in: timedelta | None) -> None:
    """And remember since when its webhook has been failing."""
    await connection.execute(
        """
        WITH webhook AS (
             UPDATE webhooks
                SET failing_since = CASE WHEN $2 THEN NULL ELSE coalesce(failing_since, now()) END
              WHERE id = $4
                AND (failing_since IS NULL) <> $2
        )
        UPDATE webhook_deliveries
           SET state = CASE WHEN $2 THEN 'succeeded' WHEN $3::interval IS NULL THEN 'exhausted' ELSE 'due' END,
               next_at = now() + coalesce($3::interval, interval '0'),
               leased_until = '-infinity'
         WHERE id = $1
        """,
        due.id,
        succeeded,
        again_in,
        due.webhook_id,
    )


def _delivery(row: asyncpg.Record) -> WebhookDelivery:
    attempts = tuple(Attempt.model_validate(each) for each in orjson.loads(row["tried"]))
    return WebhookDelivery(
        id=row["id"],
        webhook_id=row["webhook_id"],
        event_id=row["event_id"],
        type=row["type"],
        state=row["state"],
        next_at=row["next_at"] if row["state"] == "due" else None,
        created_at=row["created_at"],
        attempts=attempts,
    )


async def list_deliveries(
    connection: PoolConnectionProxy, webhook_id: UUID, *, after: UUID | None, only: UUID | None = None, limit: int
) -> list[WebhookDelivery]:
    """Newest first."""
    rows = await connection.fetch(
        """
        SELECT d.id, d.webhook_id, d.event_id, d.type, d.state, d.next_at, d.created_at,
               (SELECT coalesce(json_agg(json_build_object('number', a.number, 'at', a.at, 'outcome', a.outcome,
                                                           'status', a.status, 'milliseconds', a.milliseconds,
                                                           'response', a.response)
                                         ORDER BY a.id), '[]')
                  FROM webhook_attempts a
                 WHERE a.delivery_id = d.id) AS tried
          FROM webhook_deliveries d
         WHERE d.webhook_id = $1
           AND ($2::uuid IS NULL OR d.id < $2)
           AND ($3::uuid IS NULL OR d.id = $3)
         ORDER BY d.id DESC
         LIMIT $4
        """,
        webhook_id,
        after,
        only,
        limit,
    )
    return [_delivery(row) for row in rows]


async def send_again(connection: PoolConnectionProxy, delivery_ids: Collection[UUID]) -> None:
    """From the first attempt on, under the same webhook-id."""
    await connection.execute(
        """
        UPDATE webhook_deliveries
           SET state = 'due',
               attempts = 0,
               next_at = now(),
               leased_until = '-infinity'
         WHERE id = ANY ($1::uuid[])
        """,
        list(delivery_ids),
    )


async def send_exhausted_again(connection: PoolConnectionProxy, webhook_id: UUID, *, since: datetime) -> int:
    """How many."""
    rows = await connection.fetch(
        """
        UPDATE webhook_deliveries
           SET state = 'due',
               attempts = 0,
               next_at = now(),
               leased_until = '-infinity'
         WHERE webhook_id = $1
           AND created_at >= $2
           AND state = 'exhausted'
        RETURNING id
        """,
        webhook_id,
        since,
    )
    return len(rows)


async def list_missed_positions(
    connection: PoolConnectionProxy,
    webhook_id: UUID,
    *,
    owner_id: UUID,
    patterns: Sequence[str],
    since: datetime,
    limit: int,
) -> list[int]:
    """Where in the feed its owner's events are that it never had a delivery of."""
    rows = await connection.fetch(
        """
        SELECT a.position
          FROM feed_readers r
          JOIN activity a USING (position)
         WHERE r.user_id = $2
           AND a.created_at >= $4
           AND a.type LIKE ANY ($3)
           AND NOT EXISTS (SELECT
                             FROM webhook_deliveries d
                            WHERE d.webhook_id = $1
                              AND d.event_id = a.event_id)
         ORDER BY a.position
         LIMIT $5
        """,
        webhook_id,
        owner_id,
        list(patterns),
        since,
        limit,
    )
    return [row["position"] for row in rows]


async def forget_old(connection: PoolConnectionProxy) -> None:
    await connection.execute("DELETE FROM webhook_deliveries WHERE created_at < now() - interval '30 days'")
