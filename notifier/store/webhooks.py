from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from contracts.people import Person
from contracts.webhooks import Webhook


@dataclass(frozen=True, slots=True)
class Owned:
    webhook: Webhook
    owner: Person


def _owned(row: asyncpg.Record) -> Owned:
    values = dict(row)
    owner = Person(id=values.pop("owner_id"), username=values.pop("owner_username"))
    return Owned(Webhook(**{**values, "event_types": tuple(values["event_types"])}), owner)


def like(event_types: Sequence[str]) -> list[str]:
    """As LIKE has it: `*` stands for anything."""
    return [pattern.replace("_", r"\_").replace("*", "%") for pattern in event_types]


async def count_webhooks(connection: PoolConnectionProxy, owner_id: UUID) -> int:
    """Holds off whoever wants to add one at the same time."""
    count: int = await connection.fetchval(
        """
        WITH held AS (SELECT pg_advisory_xact_lock(hashtextextended($1::uuid::text, 7)))
        SELECT (SELECT count(*) FROM webhooks WHERE owner_id = $1) FROM held
        """,
        owner_id,
    )
    return count


async def insert_webhook(
    connection: PoolConnectionProxy, webhook: Webhook, *, owner: Person, sealed_secret: str
) -> None:
    await connection.execute(
        """
        INSERT INTO webhooks (id, owner_id, owner_username, url, description, event_types, event_patterns, enabled,
                              secret_id, sealed_secret, version, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        """,
        webhook.id,
        owner.id,
        owner.username,
        webhook.url,
        webhook.description,
        list(webhook.event_types),
        like(webhook.event_types),
        webhook.enabled,
        webhook.secret_id,
        sealed_secret,
        webhook.version,
        webhook.created_at,
        webhook.updated_at,
    )


async def lock_webhook(connection: PoolConnectionProxy, webhook_id: UUID) -> Owned | None:
    row = await connection.fetchrow(
        """
        SELECT id, owner_id, owner_username, url, description, event_types, enabled, disabled_reason, secret_id,
               version, created_at, updated_at
          FROM webhooks
         WHERE id = $1
           FOR UPDATE
        """,
        webhook_id,
    )
    return None if row is None else _owned(row)


async def find_webhook(connection: PoolConnectionProxy, webhook_id: UUID, *, owner_id: UUID) -> Webhook | None:
    row = await connection.fetchrow(
        """
        SELECT id, owner_id, owner_username, url, description, event_types, enabled, disabled_reason, secret_id,
               version, created_at, updated_at
          FROM webhooks
         WHERE id = $1
           AND owner_id = $2
        """,
        webhook_id,
        owner_id,
    )
    return None if row is None else _owned(row).webhook


async def list_webhooks(
    connection: PoolConnectionProxy, owner_id: UUID, *, after: UUID | None, limit: int
) -> list[Webhook]:
    """Newest first."""
    rows = await connection.fetch(
        """
        SELECT id, owner_id, owner_username, url, description, event_types, enabled, disabled_reason, secret_id,
               version, created_at, updated_at
          FROM webhooks
         WHERE owner_id = $1
           AND ($2::uuid IS NULL OR id < $2)
         ORDER BY id DESC
         LIMIT $3
        """,
        owner_id,
        after,
        limit,
    )
    return [_owned(row).webhook for row in rows]


async def save_webhook(connection: PoolConnectionProxy, webhook: Webhook) -> None:
    """What is enabled has a clean slate."""
    await connection.execute(
        """
        UPDATE webhooks
           SET url = $3,
               description = $4,
               event_types = $5,
               event_patterns = $6,
               enabled = $7,
               disabled_reason = $8,
               failing_since = CASE WHEN $7 THEN NULL ELSE failing_since END,
               version = $2,
               updated_at = $9
         WHERE id = $1
           AND version = $2 - 1
        """,
        webhook.id,
        webhook.version,
        webhook.url,
        webhook.description,
        list(webhook.event_types),
        like(webhook.event_types),
        webhook.enabled,
        webhook.disabled_reason,
        webhook.updated_at,
    )


async def replace_secret(
    connection: PoolConnectionProxy,
    webhook: Webhook,
    *,
    sealed_secret: str,
    grace: timedelta,
) -> None:
    await connection.execute(
        """
        UPDATE webhooks
           SET previous_sealed_secret = sealed_secret,
               previous_secret_until = $5::timestamptz + $6::interval,
               secret_id = $3,
               sealed_secret = $4,
               version = $2,
               updated_at = $5
         WHERE id = $1
           AND version = $2 - 1
        """,
        webhook.id,
        webhook.version,
        webhook.secret_id,
        sealed_secret,
        webhook.updated_at,
        grace,
    )


async def delete_webhook(connection: PoolConnectionProxy, webhook_id: UUID) -> None:
    await connection.execute("DELETE FROM webhooks WHERE id = $1", webhook_id)


async def read_clock(connection: PoolConnectionProxy) -> datetime:
    now: datetime = await connection.fetchval("SELECT clock_timestamp()")
    return now
