from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from contracts.files import File, FilePosition
from contracts.people import Person


def _file(row: asyncpg.Record) -> File:
    return File(
        id=row["id"],
        task_id=row["task_id"],
        filename=row["filename"],
        content_type=row["content_type"],
        size=row["size"],
        sha256=row["sha256"],
        uploaded_by=Person(id=row["uploader_id"], username=row["uploader_username"]),
        created_at=row["created_at"],
    )


async def begin_upload(connection: PoolConnectionProxy, file_id: UUID, *, task_id: UUID, uploader_id: UUID) -> None:
    await connection.execute(
        "INSERT INTO uploads (file_id, task_id, uploader_id, began_at) VALUES ($1, $2, $3, now())",
        file_id,
        task_id,
        uploader_id,
    )


async def is_uploading(connection: PoolConnectionProxy, file_id: UUID, *, task_id: UUID, uploader_id: UUID) -> bool:
    """Nobody else ends the upload before this transaction does."""
    row = await connection.fetchrow(
        """
        SELECT file_id
          FROM uploads
         WHERE file_id = $1
           AND task_id = $2
           AND uploader_id = $3
           FOR UPDATE
        """,
        file_id,
        task_id,
        uploader_id,
    )
    return row is not None


async def end_upload(connection: PoolConnectionProxy, file_id: UUID) -> None:
    await connection.execute("DELETE FROM uploads WHERE file_id = $1", file_id)


async def forget_uploads(connection: PoolConnectionProxy, *, older_than: timedelta, limit: int) -> list[UUID]:
    """Those that nobody is about to end."""
    rows = await connection.fetch(
        """
        DELETE FROM uploads
         WHERE file_id IN (SELECT file_id
                             FROM uploads
                            WHERE began_at < now() - $1::interval
                            ORDER BY began_at
                            LIMIT $2
                              FOR UPDATE SKIP LOCKED)
        RETURNING file_id
        """,
        older_than,
        limit,
    )
    return [row["file_id"] for row in rows]


async def count_uploads(connection: PoolConnectionProxy, task_id: UUID) -> int:
    count: int = await connection.fetchval("SELECT count(*) FROM uploads WHERE task_id = $1", task_id)
    return count


async def read_usage(connection: PoolConnectionProxy, owner_id: UUID) -> int:
    usage: int | None = await connection.fetchval("SELECT bytes FROM file_usage WHERE owner_id = $1", owner_id)
    return usage or 0


async def take_space(connection: PoolConnectionProxy, owner_id: UUID, size: int, *, quota: int) -> bool:
    """False, and nothing taken, when the quota does not allow for it. Two at once cannot exceed it together."""
    taken = await connection.fetchval(
        """
        INSERT INTO file_usage AS u (owner_id, bytes)
        SELECT $1, $2
         WHERE $2::bigint <= $3::bigint
            ON CONFLICT (owner_id) DO UPDATE
           SET bytes = u.bytes + excluded.bytes
         WHERE u.bytes + excluded.bytes <= $3
        RETURNING true
        """,
        owner_id,
        size,
        quota,
    )
    return taken is not None


async def give_space_back(connection: PoolConnectionProxy, owner_id: UUID, size: int) -> None:
    await connection.execute("UPDATE file_usage SET bytes = bytes - $2 WHERE owner_id = $1", owner_id, size)


async def find(connection: PoolConnectionProxy, file_id: UUID) -> File | None:
    row = await connection.fetchrow(
        """
        SELECT id, task_id, filename, content_type, size, sha256, uploader_id, uploader_username, created_at
          FROM files
         WHERE id = $1
        """,
        file_id,
    )
    return None if row is None else _file(row)


async def list_of_task(
    connection: PoolConnectionProxy, task_id: UUID, *, after: FilePosition | None, limit: int
) -> list[File]:
    rows = await connection.fetch(
        """
        SELECT id, task_id, filename, content_type, size, sha256, uploader_id, uploader_username, created_at
          FROM files
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
    return [_file(row) for row in rows]


async def insert(connection: PoolConnectionProxy, file: File) -> None:
    await connection.execute(
        """
        INSERT INTO files (id, task_id, filename, content_type, size, sha256,
                           uploader_id, uploader_username, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        """,
        file.id,
        file.task_id,
        file.filename,
        file.content_type,
        file.size,
        file.sha256,
        file.uploaded_by.id,
        file.uploaded_by.username,
        file.created_at,
    )


async def delete(connection: PoolConnectionProxy, file_id: UUID) -> None:
    await connection.execute("DELETE FROM files WHERE id = $1", file_id)


async def delete_of_tasks(connection: PoolConnectionProxy, task_ids: Sequence[UUID]) -> list[UUID]:
    """The ids of the files whose bytes can be erased; the space that they took is free again."""
    rows = await connection.fetch(
        """
        WITH gone AS (
             DELETE FROM files
              WHERE task_id = ANY ($1)
             RETURNING id, task_id, size
        ), freed AS (
             UPDATE file_usage u
                SET bytes = u.bytes - per_owner.size
               FROM (SELECT t.owner_id, sum(gone.size) AS size
                       FROM gone
                       JOIN tasks t ON t.id = gone.task_id
                      GROUP BY t.owner_id) AS per_owner
              WHERE u.owner_id = per_owner.owner_id
        )
        SELECT id FROM gone
        """,
        task_ids,
    )
    return [row["id"] for row in rows]
