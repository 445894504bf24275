from collections.abc import Collection
from uuid import UUID

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from uuid_utils.compat import uuid7

from contracts.notifications import Kind, Notification
from contracts.people import Person
from notifier.activity import Activity


async def remember_person(connection: PoolConnectionProxy, person: Person) -> None:
    """Not when his account is closed: what came before that may arrive after it."""
    await connection.execute(
        """
        INSERT INTO people (user_id, username)
        SELECT $1, $2
         WHERE NOT EXISTS (SELECT FROM erasures WHERE person_id = $1)
            ON CONFLICT (user_id) DO UPDATE
           SET username = excluded.username
        """,
        person.id,
        person.username,
    )


async def forget_person(connection: PoolConnectionProxy, user_id: UUID) -> None:
    """With all that was for him alone."""
    await connection.execute(
        """
        WITH person AS (DELETE FROM people WHERE user_id = $1),
             inbox AS (DELETE FROM notifications WHERE user_id = $1),
             hooks AS (DELETE FROM webhooks WHERE owner_id = $1)
        DELETE FROM preferences WHERE user_id = $1
        """,
        user_id,
    )


async def find_people(
    connection: PoolConnectionProxy, usernames: Collection[str], *, among: Collection[UUID]
) -> list[UUID]:
    rows = await connection.fetch(
        "SELECT user_id FROM people WHERE lower(username) = ANY ($1::text[]) AND user_id = ANY ($2::uuid[])",
        list(usernames),
        list(among),
    )
    return [row["user_id"] for row in rows]


async def list_commenters(connection: PoolConnectionProxy, task_id: UUID, *, among: Collection[UUID]) -> list[UUID]:
    rows = await connection.fetch(
        """
        SELECT DISTINCT actor_id
          FROM activity
         WHERE task_id = $1
           AND resource_type = 'comment'
           AND actor_id = ANY ($2::uuid[])
        """,
        task_id,
        list(among),
    )
    return [row["actor_id"] for row in rows]


async def insert_notification(connection: PoolConnectionProxy, user_id: UUID, kind: Kind, entry: Activity) -> None:
    await connection.execute(
        """
        INSERT INTO notifications (id, event_id, user_id, kind, task_id, actor_id, actor_username, summary, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        """,
        uuid7(),
        entry.event_id,
        user_id,
        kind,
        entry.task_id,
        entry.actor.id if entry.actor else None,
        entry.actor.username if entry.actor else None,
        entry.summary,
        entry.created_at,
    )


def _notification(row: asyncpg.Record) -> Notification:
    actor = Person(id=row["actor_id"], username=row["actor_username"]) if row["actor_id"] else None
    return Notification(
        id=row["id"],
        event_id=row["event_id"],
        kind=row["kind"],
        task_id=row["task_id"],
        actor=actor,
        summary=row["summary"],
        created_at=row["created_at"],
        read_at=row["read_at"],
    )


async def list_notifications(
    connection: PoolConnectionProxy, user_id: UUID, *, unread: bool, after: UUID | None, limit: int
) -> list[Notification]:
    """Newest first."""
    rows = await connection.fetch(
        """
        SELECT id, event_id, kind, task_id, actor_id, actor_username, summary, created_at, read_at
          FROM notifications
         WHERE user_id = $1
           AND (NOT $2 OR read_at IS NULL)
           AND ($3::uuid IS NULL OR id < $3)
         ORDER BY id DESC
         LIMIT $4
        """,
        user_id,
        unread,
        after,
        limit,
    )
    return [_notification(row) for row in rows]


async def count_unread(connection: PoolConnectionProxy, user_id: UUID) -> int:
    count: int = await connection.fetchval(
        "SELECT count(*) FROM notifications WHERE user_id = $1 AND read_at IS NULL", user_id
    )
    return count


async def mark_read(connection: PoolConnectionProxy, notification_id: UUID, *, user_id: UUID) -> Notification | None:
    row = await connection.fetchrow(
        """
        UPDATE notifications
           SET read_at = coalesce(read_at, now())
         WHERE id = $1
           AND user_id = $2
        RETURNING id, event_id, kind, task_id, actor_id, actor_username, summary, created_at, read_at
        """,
        notification_id,
        user_id,
    )
    return None if row is None else _notification(row)


async def mark_all_read(connection: PoolConnectionProxy, user_id: UUID) -> int:
    """How many were unread."""
    rows = await connection.fetch(
        """
        UPDATE notifications
           SET read_at = now()
         WHERE user_id = $1
           AND read_at IS NULL
        RETURNING id
        """,
        user_id,
    )
    return len(rows)
