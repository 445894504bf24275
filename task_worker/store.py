"""Every SQL statement of this service."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from contracts.tasks import Priority, Status, TaskPosition
from task_worker.task import Task


def _task(row: asyncpg.Record) -> Task:
    return Task(**{**row, "tags": tuple(row["tags"])})


async def read_clock(connection: PoolConnectionProxy) -> datetime:
    """The database's, so that several workers agree on the order of what they write."""
    now: datetime = await connection.fetchval("SELECT clock_timestamp()")
    return now


async def insert_task(connection: PoolConnectionProxy, task: Task) -> None:
    await connection.execute(
        """
        INSERT INTO tasks (id, owner_id, owner_username, title, description, status, completed_at,
                           priority, due_date, tags, version, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        """,
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


async def lock_task(connection: PoolConnectionProxy, task_id: UUID, *, owner_id: UUID) -> Task | None:
    row = await connection.fetchrow(
        """
        SELECT id, owner_id, owner_username, title, description, status, completed_at, priority, due_date, tags,
               share_count, comment_count, file_count, version, created_at, updated_at
          FROM tasks
         WHERE id = $1
           AND owner_id = $2
           AND deleted_at IS NULL
           FOR UPDATE
        """,
        task_id,
        owner_id,
    )
    return None if row is None else _task(row)


async def find_task(connection: PoolConnectionProxy, task_id: UUID, *, owner_id: UUID) -> Task | None:
    row = await connection.fetchrow(
        """
        SELECT id, owner_id, owner_username, title, description, status, completed_at, priority, due_date, tags,
               share_count, comment_count, file_count, version, created_at, updated_at
          FROM tasks
         WHERE id = $1
           AND owner_id = $2
           AND deleted_at IS NULL
        """,
        task_id,
        owner_id,
    )
    return None if row is None else _task(row)


async def list_tasks(
    connection: PoolConnectionProxy,
    *,
    owner_id: UUID,
    status: Sequence[Status],
    priority: Sequence[Priority],
    after: TaskPosition | None,
    limit: int,
) -> list[Task]:
    """Newest first, starting behind `after`. An empty filter lets everything through."""
    rows = await connection.fetch(
        """
        SELECT id, owner_id, owner_username, title, description, status, completed_at, priority, due_date, tags,
               share_count, comment_count, file_count, version, created_at, updated_at
          FROM tasks
         WHERE owner_id = $1
           AND deleted_at IS NULL
           AND ($2::text[] = '{}' OR status = ANY ($2))
           AND ($3::text[] = '{}' OR priority = ANY ($3))
           AND ($4::timestamptz IS NULL OR (created_at, id) < ($4, $5::uuid))
         ORDER BY created_at DESC, id DESC
         LIMIT $6
        """,
        owner_id,
        list(status),
        list(priority),
        after.created_at if after else None,
        after.id if after else None,
        limit,
    )
    return [_task(row) for row in rows]


async def save_task(connection: PoolConnectionProxy, task: Task) -> None:
    await connection.execute(
        """
        UPDATE tasks
           SET title = $3,
               description = $4,
               status = $5,
               completed_at = $6,
               priority = $7,
               due_date = $8,
               tags = $9,
               version = $2,
               updated_at = $10
         WHERE id = $1
           AND version = $2 - 1
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
        task.updated_at,
    )


async def delete_task(connection: PoolConnectionProxy, task: Task) -> None:
    await connection.execute(
        """
        UPDATE tasks
           SET deleted_at = $3,
               updated_at = $3,
               version = $2
         WHERE id = $1
           AND version = $2 - 1
        """,
        task.id,
        task.version,
        task.updated_at,
    )
