from collections.abc import Collection, Mapping
from uuid import UUID

from asyncpg.pool import PoolConnectionProxy

from notifier.audience import TaskAudience


async def find_task_audiences(
    connection: PoolConnectionProxy, task_ids: Collection[UUID | None]
) -> dict[UUID, TaskAudience]:
    """Without those of tasks that nothing was heard of."""
    rows = await connection.fetch(
        """
        SELECT task_id, version, deleted_at,
               ARRAY(SELECT user_id FROM task_readers r WHERE r.task_id = a.task_id) AS readers
          FROM task_audiences a
         WHERE task_id = ANY ($1::uuid[])
        """,
        [task_id for task_id in task_ids if task_id is not None],
    )
    return {row["task_id"]: TaskAudience(row["version"], row["deleted_at"], frozenset(row["readers"])) for row in rows}


async def save_task_audiences(
    connection: PoolConnectionProxy, *, before: Mapping[UUID, TaskAudience], after: Mapping[UUID, TaskAudience]
) -> None:
    changed = {task_id: now for task_id, now in after.items() if now != before.get(task_id)}
    if not changed:
        return
    await connection.execute(
        """
        INSERT INTO task_audiences (task_id, version, deleted_at)
        SELECT *
          FROM unnest($1::uuid[], $2::bigint[], $3::timestamptz[])
            ON CONFLICT (task_id) DO UPDATE
           SET version = excluded.version,
               deleted_at = excluded.deleted_at
        """,
        list(changed),
        [audience.version for audience in changed.values()],
        [audience.deleted_at for audience in changed.values()],
    )
    known = {task_id: before[task_id].readers if task_id in before else frozenset() for task_id in changed}
    joined = [(user, task_id) for task_id, now in changed.items() for user in now.readers - known[task_id]]
    left = [(user, task_id) for task_id, now in changed.items() for user in known[task_id] - now.readers]
    if joined:
        await connection.execute(
            "INSERT INTO task_readers (user_id, task_id) SELECT * FROM unnest($1::uuid[], $2::uuid[])",
            *map(list, zip(*joined, strict=True)),
        )
    if left:
        await connection.execute(
            """
            DELETE FROM task_readers r
             USING unnest($1::uuid[], $2::uuid[]) AS gone (user_id, task_id)
             WHERE r.user_id = gone.user_id
               AND r.task_id = gone.task_id
            """,
            *map(list, zip(*left, strict=True)),
        )
