from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from asyncpg.pool import PoolConnectionProxy


async def find_task_version(connection: PoolConnectionProxy, task_id: UUID) -> int | None:
    version: int | None = await connection.fetchval("SELECT version FROM task_audiences WHERE task_id = $1", task_id)
    return version


async def list_task_readers(connection: PoolConnectionProxy, task_id: UUID) -> frozenset[UUID]:
    rows = await connection.fetch("SELECT user_id FROM task_readers WHERE task_id = $1", task_id)
    return frozenset(row["user_id"] for row in rows)


async def save_task_audience(
    connection: PoolConnectionProxy,
    task_id: UUID,
    *,
    version: int,
    deleted_at: datetime | None,
    joined: Collection[UUID],
    left: Collection[UUID],
) -> None:
    await connection.execute(
        """
        INSERT INTO task_audiences (task_id, version, deleted_at)
        VALUES ($1, $2, $3)
            ON CONFLICT (task_id) DO UPDATE
           SET version = excluded.version,
               deleted_at = excluded.deleted_at
        """,
        task_id,
        version,
        deleted_at,
    )
    if joined:
        await connection.execute(
            "INSERT INTO task_readers (user_id, task_id) SELECT unnest($1::uuid[]), $2", list(joined), task_id
        )
    if left:
        await connection.execute(
            "DELETE FROM task_readers WHERE task_id = $1 AND user_id = ANY ($2::uuid[])", task_id, list(left)
        )
        await connection.execute(
            "DELETE FROM feed_readers WHERE task_id = $1 AND user_id = ANY ($2::uuid[])", task_id, list(left)
        )
