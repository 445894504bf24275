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


async def insert(connection: PoolConnectionProxy, comment: Comment) -> None:
    await connection.execute(
        """
        INSERT INTO comments (id, task_id, author_id, author_username, content, version, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        comment.id,
        comment.task_id,
        comment.author.id,
        comment.author.username,
        comment.content,
        comment.version,
        comment.created_at,
        comment.updated_at,
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
