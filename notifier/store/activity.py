import json
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from contracts.notices import ActivityEntry, ActivityPosition
from contracts.people import Person


def _entry(row: asyncpg.Record) -> ActivityEntry:
    actor = Person(id=row["actor_id"], username=row["actor_username"]) if row["actor_id"] else None
    return ActivityEntry(
        id=row["id"],
        event_id=row["event_id"],
        actor=actor,
        action=row["action"],
        resource_type=row["resource_type"],
        resource_id=row["resource_id"],
        task_id=row["task_id"],
        changes=json.loads(row["changes"]),
        summary=row["summary"],
        created_at=row["created_at"],
    )


async def erase_activity(connection: PoolConnectionProxy, person_id: UUID, *, first: int, last: int) -> None:
    """His names between two positions, and in the notifications that were made of the same events."""
    await connection.execute("SELECT erase_activity($1, $2, $3)", person_id, first, last)


async def list_activity(
    connection: PoolConnectionProxy,
    *,
    user_id: UUID,
    visible: bool,
    action: Sequence[str],
    resource_type: Sequence[str],
    task_id: UUID | None,
    start: datetime | None,
    end: datetime | None,
    after: ActivityPosition | None,
    limit: int,
) -> list[ActivityEntry]:
    """Newest first, starting behind `after`. An empty filter lets everything through.

    What the user did; if `visible`, also what was done to him and to the tasks that he may see.
    """
    rows = await connection.fetch(
        """
        SELECT id, event_id, actor_id, actor_username, action, resource_type, resource_id, task_id, changes, summary,
               created_at
          FROM activity
         WHERE (actor_id = $1
                OR $2 AND resource_type = 'user' AND resource_id = $1
                OR $2 AND task_id IN (SELECT task_id FROM task_readers WHERE user_id = $1))
           AND ($3::text[] = '{}' OR action = ANY ($3))
           AND ($4::text[] = '{}' OR resource_type = ANY ($4))
           AND ($5::uuid IS NULL OR task_id = $5)
           AND ($6::timestamptz IS NULL OR created_at >= $6)
           AND ($7::timestamptz IS NULL OR created_at < $7)
           AND ($8::timestamptz IS NULL OR (created_at, id) < ($8, $9::uuid))
         ORDER BY created_at DESC, id DESC
         LIMIT $10
        """,
        user_id,
        visible,
        list(action),
        list(resource_type),
        task_id,
        start,
        end,
        after.created_at if after else None,
        after.id if after else None,
        limit,
    )
    return [_entry(row) for row in rows]


async def may_see_task(connection: PoolConnectionProxy, task_id: UUID, *, user_id: UUID) -> bool:
    """A deleted task for the thirty days in which it may be restored."""
    found: bool = await connection.fetchval(
        """
        SELECT EXISTS (SELECT
                         FROM task_readers r
                         JOIN task_audiences a USING (task_id)
                        WHERE r.task_id = $1
                          AND r.user_id = $2
                          AND (a.deleted_at IS NULL OR a.deleted_at > now() - interval '30 days'))
        """,
        task_id,
        user_id,
    )
    return found


async def list_timeline(
    connection: PoolConnectionProxy, task_id: UUID, *, after: ActivityPosition | None, limit: int
) -> list[ActivityEntry]:
    """Oldest first, starting behind `after`."""
    rows = await connection.fetch(
        """
        SELECT id, event_id, actor_id, actor_username, action, resource_type, resource_id, task_id, changes, summary,
               created_at
          FROM activity
         WHERE task_id = $1
           AND ($2::timestamptz IS NULL OR (created_at, id) > ($2, $3::uuid))
         ORDER BY created_at, id
         LIMIT $4
        """,
        task_id,
        after.created_at if after else None,
        after.id if after else None,
        limit,
    )
    return [_entry(row) for row in rows]


async def count_activity(
    connection: PoolConnectionProxy, user_id: UUID, *, start: datetime | None, end: datetime | None
) -> list[tuple[str, str, int]]:
    """How often the user did what to which kind of thing."""
    rows = await connection.fetch(
        """
        SELECT action, resource_type, count(*) AS times
          FROM activity
         WHERE actor_id = $1
           AND ($2::timestamptz IS NULL OR created_at >= $2)
           AND ($3::timestamptz IS NULL OR created_at < $3)
         GROUP BY action, resource_type
         ORDER BY action, resource_type
        """,
        user_id,
        start,
        end,
    )
    return [(row["action"], row["resource_type"], row["times"]) for row in rows]
