from datetime import timedelta
from uuid import UUID

from asyncpg.pool import PoolConnectionProxy

from task_worker.store.tasks import task_of
from task_worker.task import Task


async def save_calendar(
    connection: PoolConnectionProxy, person_id: UUID, *, timezone: str, due_soon_lead: timedelta, version: int
) -> bool:
    """False when a newer one is known already. A time zone that Postgres does not know is UTC."""
    saved = await connection.fetchval(
        """
        INSERT INTO calendars AS c (person_id, timezone, due_soon_lead, version)
        VALUES ($1, coalesce((SELECT name FROM pg_timezone_names WHERE name = $2), 'UTC'), $3, $4)
            ON CONFLICT (person_id) DO UPDATE
           SET timezone = excluded.timezone,
               due_soon_lead = excluded.due_soon_lead,
               version = excluded.version
         WHERE c.version < excluded.version
        RETURNING true
        """,
        person_id,
        timezone,
        due_soon_lead,
        version,
    )
    return saved is not None


async def reset_alarms(connection: PoolConnectionProxy, owner_id: UUID) -> None:
    """Nothing of a task has changed that anybody is told of: only when its day ends."""
    await connection.execute(
        "UPDATE tasks SET overdue_at = NULL WHERE owner_id = $1 AND overdue_at IS NOT NULL", owner_id
    )


async def close(connection: PoolConnectionProxy, person_id: UUID) -> None:
    await connection.execute(
        "INSERT INTO closed_accounts (person_id, closed_at) VALUES ($1, now()) ON CONFLICT DO NOTHING", person_id
    )


async def find_closed(connection: PoolConnectionProxy) -> UUID | None:
    person_id: UUID | None = await connection.fetchval(
        "SELECT person_id FROM closed_accounts ORDER BY closed_at LIMIT 1"
    )
    return person_id


async def lock_owned(connection: PoolConnectionProxy, person_id: UUID, *, limit: int) -> list[Task]:
    rows = await connection.fetch(
        """
        SELECT id, owner_id, owner_username, title, description, status, completed_at, priority, due_date, tags,
               share_count, comment_count, file_count, version, created_at, updated_at, deleted_at, overdue_at
          FROM tasks
         WHERE owner_id = $1
           AND deleted_at IS NULL
         ORDER BY id
         LIMIT $2
           FOR NO KEY UPDATE
        """,
        person_id,
        limit,
    )
    return [task_of(row) for row in rows]


async def lock_shared(connection: PoolConnectionProxy, person_id: UUID, *, limit: int) -> list[Task]:
    rows = await connection.fetch(
        """
        SELECT id, owner_id, owner_username, title, description, status, completed_at, priority, due_date, tags,
               share_count, comment_count, file_count, version, created_at, updated_at, deleted_at, overdue_at
          FROM tasks
         WHERE id IN (SELECT task_id FROM shares WHERE user_id = $1 LIMIT $2)
         ORDER BY id
           FOR NO KEY UPDATE
        """,
        person_id,
        limit,
    )
    return [task_of(row) for row in rows]


async def forget(connection: PoolConnectionProxy, person_id: UUID) -> None:
    """His name where it still stands, his counts and calendar; his deleted tasks are purged as if a month had passed."""
    await connection.execute("UPDATE comments SET author_username = 'deleted' WHERE author_id = $1", person_id)
    await connection.execute("UPDATE files SET uploader_username = 'deleted' WHERE uploader_id = $1", person_id)
    await connection.execute(
        "UPDATE tasks SET deleted_at = deleted_at - interval '31 days' WHERE owner_id = $1 AND deleted_at IS NOT NULL",
        person_id,
    )
    await connection.execute("DELETE FROM counts WHERE person_id = $1", person_id)
    await connection.execute("DELETE FROM calendars WHERE person_id = $1", person_id)
    await connection.execute("DELETE FROM closed_accounts WHERE person_id = $1", person_id)
