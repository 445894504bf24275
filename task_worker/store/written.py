"""Tasks as Postgres writes them: byte for byte the JSON of contracts.tasks.Task, so that nobody reads it on its way."""

from uuid import UUID

from asyncpg.pool import PoolConnectionProxy

from contracts.tasks import Permission, Task


def _text(value: str) -> str:
    """Of a value that needs no escapes."""
    return f"""'"' || {value} || '"'"""


def _json(value: str) -> str:
    return f"coalesce(to_json({value})::text, 'null')"


def _moment(value: str) -> str:
    """As contracts.timestamp has it."""
    return _json(f"""to_char({value} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')""")


_MEMBERS = {
    "id": _text("t.id"),
    "title": _json("t.title"),
    "description": _json("t.description"),
    "status": _text("t.status"),
    "completed": "(t.status = 'completed')::text",
    "completed_at": _moment("t.completed_at"),
    "priority": _text("t.priority"),
    "due_date": _json("t.due_date"),
    "tags": _json("t.tags"),
    "owner": f"""format('{{"id":"%s","username":%s}}', t.owner_id, {_json("t.owner_username")})""",
    "share_count": "t.share_count",
    "comment_count": "t.comment_count",
    "file_count": "t.file_count",
    "version": "t.version",
    "created_at": _moment("t.created_at"),
    "updated_at": _moment("t.updated_at"),
    "deleted_at": _moment("t.deleted_at"),
    "my_permission": _text("t.permission"),
    "overdue": "(t.overdue_at IS NOT NULL AND t.overdue_at <= now())::text",
}

TASK = "format('{{{}}}', {})".format(
    ",".join(f'"{name}":%s' for name in Task.model_fields),
    ", ".join(_MEMBERS[name] for name in Task.model_fields),
)
"""Of `t`, which has the columns of a task and the viewer's permission."""

_FIND = f"""
    SELECT {TASK} AS task, permission, deleted_at IS NOT NULL AS deleted
      FROM (SELECT t.*, CASE WHEN t.owner_id = $2 THEN 'owner' ELSE s.permission END AS permission
              FROM tasks t
              LEFT JOIN shares s ON s.task_id = t.id AND s.user_id = $2
             WHERE t.id = $1
               AND (t.owner_id = $2 OR s.user_id IS NOT NULL)) AS t
"""  # noqa: S608  of constants alone


async def find_task(
    connection: PoolConnectionProxy, task_id: UUID, *, viewer: UUID
) -> tuple[str, Permission, bool] | None:
    """As JSON, and whether it is deleted; None where the viewer has no permission."""
    row = await connection.fetchrow(_FIND, task_id, viewer)
    return None if row is None else (row["task"], row["permission"], row["deleted"])
