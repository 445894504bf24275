from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from asyncpg.pool import PoolConnectionProxy

from contracts.sharing import SharePosition
from task_worker.share import Share
from task_worker.task import Task


async def of_tasks(connection: PoolConnectionProxy, task_ids: Sequence[UUID]) -> dict[UUID, tuple[Share, ...]]:
    rows = await connection.fetch(
        """
        SELECT task_id, user_id, username, permission, shared_at
          FROM shares
         WHERE task_id = ANY ($1)
         ORDER BY shared_at, user_id
        """,
        task_ids,
    )
    found: defaultdict[UUID, list[Share]] = defaultdict(list)
    for row in rows:
        found[row["task_id"]].append(Share(row["user_id"], row["username"], row["permission"], row["shared_at"]))
    return {task_id: tuple(shares) for task_id, shares in found.items()}


async def list_of_task(
    connection: PoolConnectionProxy, task_id: UUID, *, after: SharePosition | None, limit: int
) -> list[Share]:
    rows = await connection.fetch(
        """
        SELECT user_id, username, permission, shared_at
          FROM shares
         WHERE task_id = $1
           AND ($2::timestamptz IS NULL OR (shared_at, user_id) > ($2, $3::uuid))
         ORDER BY shared_at, user_id
         LIMIT $4
        """,
        task_id,
        after.shared_at if after else None,
        after.user_id if after else None,
        limit,
    )
    return [Share(**row) for row in rows]


async def insert(connection: PoolConnectionProxy, task: Task, share: Share) -> None:
    await connection.execute(
        """
        INSERT INTO shares (task_id, user_id, username, permission, shared_at, task_created_at)
        VALUES ($1, $2, $3, $4, $5, $6)
        """,
        task.id,
        share.user_id,
        share.username,
        share.permission,
        share.shared_at,
        task.created_at,
    )


async def save(connection: PoolConnectionProxy, task: Task, share: Share) -> None:
    await connection.execute(
        """
        UPDATE shares
           SET permission = $3
         WHERE task_id = $1
           AND user_id = $2
        """,
        task.id,
        share.user_id,
        share.permission,
    )


async def delete(connection: PoolConnectionProxy, task: Task, share: Share) -> None:
    await connection.execute(
        """
        DELETE FROM shares
         WHERE task_id = $1
           AND user_id = $2
        """,
        task.id,
        share.user_id,
    )
