"""How long lists, searches and counts take while the table grows: `python -m benchmarks.task_lists`.

One person owns a tenth of the table, a thousand others the rest; a thousand of theirs are shared with him.
Times are of one statement as the worker runs it, over one connection: medians of 20, in milliseconds.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from contracts.task_lists import ListTasks
from contracts.tasks import Task
from ops.migrate import DATABASE, ROLES, migrate
from ops.postgres import Postgres
from task_worker.store import counts, lists, written

SIZES = (100, 10_000, 100_000, 1_000_000)
PERSON = UUID(int=1)
REPEATED = 20

QUERIES: dict[str, dict[str, Any]] = {
    "list 50, newest first": {},
    "the same, 20 pages in": {"after": True},
    "owner=me": {"owner": "me"},
    "completed=false": {"completed": False},
    "status=in_progress (1 in 100)": {"status": ("in_progress",)},
    "tags=rare (1 in 1,000)": {"tags": ("rare",)},
    "overdue=true": {"overdue": True},
    "sort=-updated_at": {"sort": ("-updated_at",)},
    "sort=due_date": {"sort": ("due_date",)},
    "sort=-priority,due_date": {"sort": ("-priority", "due_date")},
    "sort=title": {"sort": ("title",)},
    "sort=-status": {"sort": ("-status",)},
    "search, 1 in 3": {"search": "water"},
    "search, 1 in 10": {"search": "greenhouse"},
    "search, 1 in 1,000": {"search": "orchid"},
    "search for nothing": {"search": "zeppelin"},
    "search, 1 in 10, sort=title": {"search": "greenhouse", "sort": ("title",)},
}

COUNTED: dict[str, dict[str, Any]] = {
    "count=exact": {},
    "count=exact, completed=false": {"completed": False},
    "count=exact, search, 1 in 1,000": {"search": "orchid"},
    "count=exact, search, 1 in 10": {"search": "greenhouse"},
}

FILL = """
INSERT INTO tasks (id, owner_id, owner_username, title, description, status, completed_at, priority, due_date, tags,
                   version, created_at, updated_at)
SELECT gen_random_uuid(), owner, 'somebody',
       CASE WHEN n % 3 = 0 THEN 'Water' ELSE 'Feed' END || ' plant number ' || n
         || CASE WHEN n % 100 = 0 THEN ' in the greenhouse' ELSE '' END
         || CASE WHEN n % 10000 = 0 THEN ', the orchid' ELSE '' END,
       'What has to be done every week, and what ' || md5(n::text) || ' means.',
       status, CASE WHEN status = 'completed' THEN made END,
       (ARRAY['low', 'medium', 'high'])[1 + n % 3], DATE '2026-01-01' + (n % 700),
       CASE WHEN n % 10000 = 0 THEN ARRAY['rare'] ELSE ARRAY['tag ' || n % 20] END,
       1, made, made + (n % 1000) * interval '1 hour'
  FROM generate_series($1::int, $2::int) AS n,
       LATERAL (SELECT CASE WHEN n % 10 = 0 THEN $3::uuid
                            ELSE lpad(to_hex(2 + n / 2 % 1000), 32, '0')::uuid END AS owner,
                       CASE WHEN n % 1000 = 0 THEN 'in_progress' WHEN n % 7 < 2 THEN 'pending'
                            ELSE 'completed' END AS status,
                       TIMESTAMPTZ '2020-01-01' + n * interval '1 minute' AS made) AS drawn
"""

SHARE = """
INSERT INTO shares (task_id, user_id, username, permission, shared_at, task_created_at)
SELECT id, $1, 'ada', 'view', created_at, created_at FROM tasks WHERE owner_id <> $1 LIMIT 1000
    ON CONFLICT DO NOTHING
"""

COUNT = """
INSERT INTO counts (person_id, kind, key, slot, n)
SELECT owner_id, kind, key, slot, count(*)
  FROM tasks, LATERAL (VALUES ('status', status), ('priority', priority), ('tag', tags[1]),
                              ('due', CASE WHEN status <> 'completed' THEN due_date::text END)) AS c (kind, key),
       LATERAL (SELECT abs(hashtext(id::text)) % 8 AS slot) AS s
 WHERE key IS NOT NULL
 GROUP BY 1, 2, 3, 4
"""

Measured = Callable[[PoolConnectionProxy], Awaitable[Any]]


async def _median(connection: PoolConnectionProxy, measured: Measured) -> float:
    times = []
    for _ in range(REPEATED):
        began = time.perf_counter()
        await measured(connection)
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)


async def _listing(connection: PoolConnectionProxy, filters: dict[str, Any]) -> Measured:
    query = ListTasks(**{name: value for name, value in filters.items() if name != "after"})
    if "after" in filters:
        found = await lists.list_tasks(connection, query, viewer=PERSON, limit=1000)
        query = query.model_copy(update={"after": lists.position(query, Task.model_validate_json(found[-1]))})
    return lambda connection: lists.list_tasks(connection, query, viewer=PERSON, limit=51)


async def _explain(connection: PoolConnectionProxy) -> None:
    for name, filters in QUERIES.items():
        query = ListTasks(**{name: value for name, value in filters.items() if name != "after"})
        sql, arguments = lists.statement_of(query, viewer=PERSON, limit=51)
        plan = await connection.fetch(f"EXPLAIN (ANALYZE, COSTS OFF) {sql}", *arguments)
        print(f"\n{name}\n", *(row[0] for row in plan), sep="\n")


async def _measure(connection: PoolConnectionProxy) -> dict[str, float]:
    some_id = await connection.fetchval("SELECT id FROM tasks WHERE owner_id = $1 LIMIT 1", PERSON)
    found = {}
    for name, filters in QUERIES.items():
        found[name] = await _median(connection, await _listing(connection, filters))
    for name, filters in COUNTED.items():
        query = ListTasks(**filters)
        found[name] = await _median(connection, partial(lists.count_tasks, query=query, viewer=PERSON))
    found["get one"] = await _median(
        connection, lambda connection: written.find_task(connection, some_id, viewer=PERSON)
    )
    found["stats"] = await _median(connection, lambda connection: counts.read(connection, PERSON))
    return found


async def _grow(connection: asyncpg.Connection, first: int, last: int) -> None:
    for start in range(first, last + 1, 50_000):
        await connection.execute(FILL, start, min(start + 49_999, last), PERSON, timeout=600)
    await connection.execute(SHARE, PERSON)
    await connection.execute("TRUNCATE counts")
    await connection.execute(COUNT, timeout=600)
    await connection.execute("VACUUM ANALYZE tasks, shares, counts", timeout=600)


async def main() -> None:
    sizes = [int(argument) for argument in sys.argv[1:]] or SIZES
    with tempfile.TemporaryDirectory() as folder:
        server = Postgres(Path(folder) / "postgres")
        async with server:
            passwords = dict.fromkeys(ROLES, "only-for-benchmarks")
            await migrate(server.superuser_url, passwords)
            owner = await asyncpg.connect(
                server.superuser_url, database=DATABASE, server_settings={"search_path": "tasks"}
            )
            url = server.url("task_worker", passwords["task_worker"], DATABASE)
            measured, filled = {}, 0
            async with asyncpg.create_pool(url, min_size=1, max_size=1) as pool:
                for size in sizes:
                    await _grow(owner, filled + 1, size)
                    filled = size
                    async with pool.acquire() as connection:
                        measured[size] = await _measure(connection)
                        if size == sizes[-1]:
                            await _explain(connection)
            await owner.close()
    print("| milliseconds, with so many tasks | " + " | ".join(f"{size:,}" for size in measured) + " |")
    print("|---|" + "---|" * len(measured))
    for name in measured[sizes[0]]:
        print(f"| {name} | " + " | ".join(f"{measured[size][name]:.1f}" for size in measured) + " |")


if __name__ == "__main__":
    asyncio.run(main())
