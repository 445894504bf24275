from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from asyncpg.pool import PoolConnectionProxy

from contracts.task_lists import TagCount
from task_worker.counting import Count

_SLOTS = 8


async def add(connection: PoolConnectionProxy, changes: Sequence[tuple[UUID, Counter[Count]]]) -> None:
    """By the task that changes them. In the order of the key, so that two of these wait and never deadlock."""
    together: Counter[tuple[Count, int]] = Counter()
    for task_id, counts in changes:
        slot = task_id.int % _SLOTS
        for count, n in counts.items():
            together[count, slot] += n
    changed = sorted((count, slot, n) for (count, slot), n in together.items() if n)
    if not changed:
        return
    await connection.execute(
        """
        INSERT INTO counts AS c (person_id, kind, key, slot, n)
        SELECT person_id, kind, key, slot, n
          FROM unnest($1::uuid[], $2::text[], $3::text[], $4::smallint[], $5::bigint[])
            AS changed (person_id, kind, key, slot, n)
            ON CONFLICT (person_id, kind, key, slot) DO UPDATE
           SET n = c.n + excluded.n
        """,
        [count.person_id for count, _, _ in changed],
        [count.kind for count, _, _ in changed],
        [count.key for count, _, _ in changed],
        [slot for _, slot, _ in changed],
        [n for _, _, n in changed],
    )


async def read(connection: PoolConnectionProxy, person_id: UUID) -> dict[tuple[str, str], int]:
    """By kind and key. Due dates are told apart only as overdue, today or later, where the person lives."""
    rows = await connection.fetch(
        """
        WITH today AS (
             SELECT (now() AT TIME ZONE coalesce(
                      (SELECT timezone FROM calendars WHERE person_id = $1), 'UTC'))::date::text AS day
        )
        SELECT kind,
               CASE WHEN kind <> 'due' THEN key
                    WHEN key < day     THEN 'overdue'
                    WHEN key = day     THEN 'today'
                    ELSE 'later'
               END AS key,
               sum(n)::bigint AS n
          FROM counts, today
         WHERE person_id = $1
         GROUP BY 1, 2
        """,
        person_id,
    )
    return {(row["kind"], row["key"]): row["n"] for row in rows}


async def list_tags(
    connection: PoolConnectionProxy, person_id: UUID, *, after: str | None, limit: int
) -> list[TagCount]:
    rows = await connection.fetch(
        """
        SELECT key AS tag, sum(n)::bigint AS count
          FROM counts
         WHERE person_id = $1
           AND kind = 'tag'
           AND key > coalesce($2, '')
         GROUP BY key
        HAVING sum(n) > 0
         ORDER BY key
         LIMIT $3
        """,
        person_id,
        after,
        limit,
    )
    return [TagCount(tag=row["tag"], count=row["count"]) for row in rows]
