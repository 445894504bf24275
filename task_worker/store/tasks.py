from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import asyncpg
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
    rows = await connection.fetchmany(
        """
        INSERT INTO tasks (id, owner_id, owner_username, title, description, status, completed_at,
                           priority, due_date, tags, version, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        RETURNING overdue_at
        """,
        [
            (
                task.id,
                task.owner_id,
                task.owner_username,
                task.title,
                task.description,
                task.status,
                task.completed_at,
                task.priority,
                task.due_date,
                task.tags,
                task.version,
                task.created_at,
                task.updated_at,
            )
            for task in new
        ],
    )
    return [replace(task, overdue_at=row["overdue_at"]) for task, row in zip(new, rows, strict=True)]


async def lock(connection: PoolConnectionProxy, task_id: UUID) -> Task | None:
    """Deleted ones, too."""
    row = await connection.fetchrow(
        """
        SELECT id, owner_id, owner_username, title, description, status, completed_at, priority, due_date, tags,
               share_count, comment_count, file_count, version, created_at, updated_at, deleted_at, overdue_at
          FROM tasks
         WHERE id = $1
           FOR NO KEY UPDATE
        """,
        task_id,
    )
    return None if row is None else task_of(row)


async def lock_several(connection: PoolConnectionProxy, task_ids: Sequence[UUID]) -> list[Task]:
    """In the order of their ids, so that two of these wait for one another and never deadlock."""
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


async def save(connection: PoolConnectionProxy, task: Task) -> Task:
    """With `overdue_at`, as it is now."""
    saved = await connection.fetchrow(
        """
        UPDATE tasks
           SET title = $3,
               description = $4,
               status = $5,
               completed_at = $6,
               priority = $7,
               due_date = $8,
               tags = $9,
               share_count = $10,
               comment_count = $11,
               file_count = $12,
               updated_at = $13,
               deleted_at = $14,
               version = $2
         WHERE id = $1
           AND version = $2 - 1
        RETURNING overdue_at
        """,
        task.id,
        task.version,
        task.title,
        task.description,
        task.status,
        task.completed_at,
        task.priority,
        task.due_date,
        task.tags,
        task.share_count,
        task.comment_count,
        task.file_count,
        task.updated_at,
        task.deleted_at,
    )
    if saved is None:
        raise LookupError(f"version {task.version - 1} of task {task.id} is not there, although it was locked")
    return replace(task, overdue_at=saved["overdue_at"])
