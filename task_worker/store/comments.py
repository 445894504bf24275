from collections.abc import Sequence
from uuid import UUID

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from contracts.comments import Comment, CommentPosition
from contracts.people import Person


def _comment(row: asyncpg.Record) -> Comment:
    return Comment(
        id=row["id"],
        task_id=row["task_id"],
        author=Person(id=row["author_id"], username=row["author_username"]),
        content=row["content"],
        edited=row["version"] > 1,
        version=row["version"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


async def find(connection: PoolConnectionProxy, comment_id: UUID) -> Comment | None:
    row = await connection.fetchrow(
        """
        SELECT id, task_id, author_id, author_username, content, version, created_at, updated_at
          FROM comments
         WHERE id = $1
        """,
        comment_id,
    )
    return None if row is None else _comment(row)


async def list_of_task(
    connection: PoolConnectionProxy, task_id: UUID, *, after: CommentPosition | None, limit: int
) -> list[Comment]:
    rows = await connection.fetch(
        """
        SELECT id, task_id, author_id, author_username, content, version, created_at, updated_at
          FROM comments
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
    return [_comment(row) for row in rows]


async def insert(connection: PoolConnectionProxy, new: Sequence[Comment]) -> None:
    await connection.execute(
        """
        INSERT INTO comments (id, task_id, author_id, author_username, content, version, created_at, updated_at)
        SELECT *
          FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::bigint[], $7::timestamptz[],
                      $8::timestamptz[])
        """,
        [comment.id for comment in new],
        [comment.task_id for comment in new],
        [comment.author.id for comment in new],
        [comment.author.username for comment in new],
        [comment.content for comment in new],
        [comment.version for comment in new],
        [comment.created_at for comment in new],
        [comment.updated_at for comment in new],
    )


async def save(connection: PoolConnectionProxy, comment: Comment) -> None:
    await connection.execute(
        """
        UPDATE comments
           SET content = $3,
               updated_at = $4,
               version = $2
         WHERE id = $1
           AND version = $2 - 1
        """,
        comment.id,
        comment.version,
        comment.content,
        comment.updated_at,
    )


async def delete(connection: PoolConnectionProxy, comment_id: UUID) -> None:
    await connection.execute("DELETE FROM comments WHERE id = $1", comment_id)
