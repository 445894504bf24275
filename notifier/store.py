"""Every SQL statement of this service."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from asyncpg.pool import PoolConnectionProxy

from contracts.notices import ActivityEntry, ActivityPosition
from contracts.people import Person
from notifier.activity import Activity


@dataclass(frozen=True, slots=True)
class Mail:
    id: UUID
    template: str
    recipient: str
    content: dict[str, Any]
    attempts: int


@dataclass(frozen=True, slots=True)
class DeadLetter:
    source_queue: str
    reason: str
    message_id: str
    type: str
    headers: dict[str, Any]
    body: bytes
    error_class: str | None
    error: str | None
    attempts: int
    awaited: bool


async def insert_activity(connection: PoolConnectionProxy, activity: Activity) -> None:
    await connection.execute(
        """
        INSERT INTO activity (id, event_id, actor_id, actor_username, action, resource_type, resource_id,
                              task_id, changes, summary, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        """,
        activity.id,
        activity.event_id,
        activity.actor.id if activity.actor else None,
        activity.actor.username if activity.actor else None,
        activity.action,
        activity.resource_type,
        activity.resource_id,
        activity.task_id,
        json.dumps(activity.changes),
        activity.summary,
        activity.created_at,
    )


async def list_activity(
    connection: PoolConnectionProxy,
    *,
    actor_id: UUID,
    action: Sequence[str],
    resource_type: Sequence[str],
    task_id: UUID | None,
    start: datetime | None,
    end: datetime | None,
    after: ActivityPosition | None,
    limit: int,
) -> list[ActivityEntry]:
    """Newest first, starting behind `after`. An empty filter lets everything through."""
    rows = await connection.fetch(
        """
        SELECT id, event_id, actor_id, actor_username, action, resource_type, resource_id, task_id, changes, summary,
               created_at
          FROM activity
         WHERE actor_id = $1
           AND ($2::text[] = '{}' OR action = ANY ($2))
           AND ($3::text[] = '{}' OR resource_type = ANY ($3))
           AND ($4::uuid IS NULL OR task_id = $4)
           AND ($5::timestamptz IS NULL OR created_at >= $5)
           AND ($6::timestamptz IS NULL OR created_at < $6)
           AND ($7::timestamptz IS NULL OR (created_at, id) < ($7, $8::uuid))
         ORDER BY created_at DESC, id DESC
         LIMIT $9
        """,
        actor_id,
        list(action),
        list(resource_type),
        task_id,
        start,
        end,
        after.created_at if after else None,
        after.id if after else None,
        limit,
    )
    return [
        ActivityEntry(
            id=row["id"],
            event_id=row["event_id"],
            actor=Person(id=row["actor_id"], username=row["actor_username"]),
            action=row["action"],
            resource_type=row["resource_type"],
            resource_id=row["resource_id"],
            task_id=row["task_id"],
            changes=json.loads(row["changes"]),
            summary=row["summary"],
            created_at=row["created_at"],
        )
        for row in rows
    ]


async def insert_mail(
    connection: PoolConnectionProxy, *, mail_id: UUID, template: str, recipient: str, content: dict[str, Any]
) -> None:
    await connection.execute(
        "INSERT INTO mails (id, template, recipient, content) VALUES ($1, $2, $3, $4)",
        mail_id,
        template,
        recipient,
        json.dumps(content),
    )


async def lease_due_mails(connection: PoolConnectionProxy, *, lease: timedelta, limit: int) -> list[Mail]:
    """Nobody else takes them before the lease ends; an attempt counts from here, so that a crash counts too."""
    rows = await connection.fetch(
        """
        UPDATE mails
           SET leased_until = now() + $1::interval,
               attempts = attempts + 1
         WHERE id IN (SELECT id
                        FROM mails
                       WHERE state = 'due'
                         AND next_at <= now()
                         AND leased_until < now()
                       ORDER BY next_at
                       LIMIT $2
                         FOR UPDATE SKIP LOCKED)
        RETURNING id, template, recipient, content, attempts
        """,
        lease,
        limit,
    )
    return [
        Mail(row["id"], row["template"], row["recipient"], json.loads(row["content"]), row["attempts"]) for row in rows
    ]


async def mark_mail_sent(connection: PoolConnectionProxy, mail_id: UUID) -> None:
    """What the mail held is forgotten with it."""
    await connection.execute("UPDATE mails SET state = 'sent', sent_at = now(), content = '{}' WHERE id = $1", mail_id)


async def postpone_mail(connection: PoolConnectionProxy, mail_id: UUID, *, delay: timedelta, reason: str) -> None:
    await connection.execute(
        """
        UPDATE mails
           SET next_at = now() + $2::interval,
               leased_until = '-infinity',
               last_error = $3
         WHERE id = $1
        """,
        mail_id,
        delay,
        reason,
    )


async def mark_mail_failed(connection: PoolConnectionProxy, mail_id: UUID, *, reason: str) -> None:
    await connection.execute("UPDATE mails SET state = 'failed', last_error = $2 WHERE id = $1", mail_id, reason)


async def insert_dead_letter(connection: PoolConnectionProxy, letter: DeadLetter) -> None:
    await connection.execute(
        """
        INSERT INTO dead_letter (source_queue, reason, message_id, type, headers, body, error_class, error, attempts,
                                 awaited)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        """,
        letter.source_queue,
        letter.reason,
        letter.message_id,
        letter.type,
        json.dumps(letter.headers, default=str),
        letter.body,
        letter.error_class,
        letter.error,
        letter.attempts,
        letter.awaited,
    )
