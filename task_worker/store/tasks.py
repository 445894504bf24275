from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import asyncpg
import orjson
from asyncpg.pool import PoolConnectionProxy

from contracts.tasks import Permission
from task_worker.task import Task


def task_of(row: asyncpg.Record) -> Task:
    return Task(**{name: row[name] for name in Task.__slots__} | {"tags": tuple(row["tags"])})


async def read_clock(connection: PoolConnectionProxy) -> datetime:
    """The database's, so that several workers agree on the order of what they write."""
    now: datetime = await connection.fetchval("SELECT clock_timestamp()")
    return now


async def insert(connection: PoolConnectionProxy, new: Sequence[Task]) -> list[Task]:
    """With `overdue_at`, which depends on where the owner lives."""
    rows = await connection.fetch(
        """
        INSERT INTO tasks (id, owner_id, owner_username, title, description, status, completed_at,
                           priority, due_date, tags, version, created_at, updated_at)
        SELECT id, owner_id, owner_username, title, description, status, completed_at,
               priority, due_date, ARRAY(SELECT json_array_elements_text(tags)), version, created_at, updated_at
          FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[],
                      $8::text[], $9::date[], $10::json[], $11::bigint[], $12::timestamptz[], $13::timestamptz[])
            AS new (id, owner_id, owner_username, title, description, status, completed_at,
                    priority, due_date, tags, version, created_at, updated_at)
        RETURNING id, overdue_at
        """,
        [task.id for task in new],
        [task.owner_id for task in new],
        [task.owner_username for task in new],
        [task.title for task in new],
        [task.description for task in new],
        [task.status for task in new],
        [task.completed_at for task in new],
        [task.priority for task in new],
        [task.due_date for task in new],
        [_json(task.tags) for task in new],
        [task.version for task in new],
        [task.created_at for task in new],
        [task.updated_at for task in new],
    )
    return _with_overdue_at(new, rows)


async def lock(connection: PoolConnectionProxy, task_ids: Sequence[UUID]) -> list[Task]:
    """Deleted ones, too. In the order of their ids, so that two of these wait for one another and never deadlock."""
    rows = await connection.fetch(
        """
        SELECT id, owner_id, owner_username, title, description, status, completed_at, priority, due_date, tags,
               share_count, comment_count, file_count, version, created_at, updated_at, deleted_at, overdue_at
          FROM tasks
         WHERE id = ANY ($1)
         ORDER BY id
           FOR NO KEY UPDATE
        """,
        task_ids,
    )
    return [task_of(row) for row in rows]


async def find(connection: PoolConnectionProxy, task_id: UUID, *, viewer: UUID) -> tuple[Task, Permission] | None:
    """None where the viewer has no permission. Deleted ones, too."""
    row = await connection.fetchrow(
        """
        SELECT t.id, t.owner_id, t.owner_username, t.title, t.description, t.status, t.completed_at, t.priority,
               t.due_date, t.tags, t.share_count, t.comment_count, t.file_count, t.version, t.created_at,
               t.updated_at, t.deleted_at, t.overdue_at,
               CASE WHEN t.owner_id = $2 THEN 'owner' ELSE s.permission END AS permission
          FROM tasks t
          LEFT JOIN shares s ON s.task_id = t.id AND s.user_id = $2
         WHERE t.id = $1
           AND (t.owner_id = $2 OR s.user_id IS NOT NULL)
        """,
        task_id,
        viewer,
    )
    return None if row is None else (task_of(row), row["permission"])


async def save(connection: PoolConnectionProxy, changed: Sequence[Task]) -> list[Task]:
    """With `overdue_at`, as it is now."""
    rows = await connection.fetch(
        """
        UPDATE tasks AS t
           SET title = new.title,
               description = new.description,
               status = new.status,
               completed_at = new.completed_at,
               priority = new.priority,
               due_date = new.due_date,
               tags = ARRAY(SELECT json_array_elements_text(new.tags)),
               share_count = new.share_count,
               comment_count = new.comment_count,
               file_count = new.file_count,
               updated_at = new.updated_at,
               deleted_at = new.deleted_at,
               version = new.version
          FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::text[],
                      $8::date[], $9::json[], $10::int[], $11::int[], $12::int[], $13::timestamptz[], $14::timestamptz[])
            AS new (id, version, title, description, status, completed_at, priority,
                    due_date, tags, share_count, comment_count, file_count, updated_at, deleted_at)
         WHERE t.id = new.id
           AND t.version = new.version - 1
        RETURNING t.id, t.overdue_at
        """,
        [task.id for task in changed],
        [task.version for task in changed],
        [task.title for task in changed],
        [task.description for task in changed],
        [task.status for task in changed],
        [task.completed_at for task in changed],
        [task.priority for task in changed],
        [task.due_date for task in changed],
        [_json(task.tags) for task in changed],
        [task.share_count for task in changed],
        [task.comment_count for task in changed],
        [task.file_count for task in changed],
        [task.updated_at for task in changed],
        [task.deleted_at for task in changed],
    )
    found = {row["id"] for row in rows}
    missing = [f"version {task.version - 1} of task {task.id}" for task in changed if task.id not in found]
    if missing:
        raise LookupError(f"{', '.join(missing)} not there, although locked")
    return _with_overdue_at(changed, rows)


def _json(tags: tuple[str, ...]) -> str:
    """Postgres has no array of arrays of different lengths."""
    return orjson.dumps(tags).decode()


def _with_overdue_at(written: Sequence[Task], rows: Sequence[asyncpg.Record]) -> list[Task]:
    overdue_at = {row["id"]: row["overdue_at"] for row in rows}
    return [replace(task, overdue_at=overdue_at[task.id]) for task in written]
