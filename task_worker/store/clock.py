from collections import Counter
from datetime import timedelta
from uuid import UUID

from asyncpg.pool import PoolConnectionProxy

from task_worker.counting import Count
from task_worker.store.tasks import task_of
from task_worker.task import Task


async def lock_due(connection: PoolConnectionProxy, *, limit: int) -> list[Task]:
    """What somebody is changing right now is left for the next time."""
    rows = await connection.fetch(
        """
        SELECT id, owner_id, owner_username, title, description, status, completed_at, priority, due_date, tags,
               share_count, comment_count, file_count, version, created_at, updated_at, deleted_at, overdue_at
          FROM tasks
         WHERE alarm_at <= now()
         ORDER BY alarm_at
         LIMIT $1
           FOR NO KEY UPDATE SKIP LOCKED
        """,
        limit,
    )
    return [task_of(row) for row in rows]


async def save_told(connection: PoolConnectionProxy, task: Task, *, overdue: bool) -> None:
    await connection.execute(
        """
        UPDATE tasks
           SET version = $2,
               updated_at = $3,
               soon_told_for = due_date,
               overdue_told_for = CASE WHEN $4 THEN due_date ELSE overdue_told_for END,
               alarm_at = CASE WHEN $4 OR overdue_told_for = due_date THEN NULL ELSE overdue_at END
         WHERE id = $1
           AND version = $2 - 1
        """,
        task.id,
        task.version,
        task.updated_at,
        overdue,
    )


async def lock_purgeable(connection: PoolConnectionProxy, *, older_than: timedelta, limit: int) -> list[UUID]:
    rows = await connection.fetch(
        """
        SELECT id
          FROM tasks
         WHERE deleted_at < now() - $1::interval
         ORDER BY deleted_at
         LIMIT $2
           FOR UPDATE SKIP LOCKED
        """,
        older_than,
        limit,
    )
    return [row["id"] for row in rows]


async def count_comments(connection: PoolConnectionProxy, task_ids: list[UUID]) -> Counter[Count]:
    """By whom they are."""
    rows = await connection.fetch(
        "SELECT author_id, count(*) AS n FROM comments WHERE task_id = ANY ($1) GROUP BY author_id", task_ids
    )
    return Counter({Count(row["author_id"], "commented"): row["n"] for row in rows})


async def purge(connection: PoolConnectionProxy, task_ids: list[UUID]) -> None:
    """With their shares and comments."""
    await connection.execute("DELETE FROM tasks WHERE id = ANY ($1)", task_ids)


async def forget_zero_counts(connection: PoolConnectionProxy, *, limit: int) -> None:
    await connection.execute(
        """
        DELETE FROM counts
         WHERE n = 0
           AND ctid = ANY (ARRAY(SELECT ctid FROM counts WHERE n = 0 LIMIT $1))
        """,
        limit,
    )
