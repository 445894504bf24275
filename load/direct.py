"""The yardstick: what one would write instead, aiohttp and asyncpg without broker, in a process of its own.

`python -m load.direct OWNER` says its port and serves until its stdin ends. It checks no token and keeps no limit.
"""

import asyncio
import os
import sys
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import uvloop
from aiohttp import web
from uuid_utils.compat import uuid7

from contracts.task_lists import ListTasks
from load.statement import CREATE
from task_worker.store import lists, written

_POOL = 8
_PAGE = 50


def _json(body: Any, status: int = 200) -> web.Response:
    # asyncpg's UUID is a class of its own.
    return web.Response(body=orjson.dumps(body, default=str), status=status, content_type="application/json")


def _written(body: str) -> web.Response:
    return web.Response(text=body, content_type="application/json")


class Direct:
    def __init__(self, pool: asyncpg.Pool, owner: UUID) -> None:
        self._pool = pool
        self._owner = owner

    async def create(self, request: web.Request) -> web.Response:
        task = {"id": uuid7(), "created_at": datetime.now(UTC), **orjson.loads(await request.read())}
        data = orjson.dumps({"task": task, "changes": {}, "actor": {"id": self._owner}}, default=str).decode()
        await self._pool.execute(CREATE, task["id"], self._owner, task["title"], data)
        return _json(task, 201)

    async def list(self, _: web.Request) -> web.Response:
        sql, arguments = lists.statement_of(ListTasks(), viewer=self._owner, limit=_PAGE + 1)
        rows = await self._pool.fetch(sql, *arguments)
        items = ",".join(row[0] for row in rows[:_PAGE])
        return _written(f'{{"items":[{items}],"more":{"true" if len(rows) > _PAGE else "false"}}}')

    async def show(self, request: web.Request) -> web.Response:
        async with self._pool.acquire() as connection:
            found = await written.find_task(connection, UUID(request.match_info["id"]), viewer=self._owner)
        return _written(found[0]) if found else web.Response(status=404)


async def serve(owner: UUID) -> None:
    async with asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=_POOL, max_size=_POOL) as pool:
        direct, app = Direct(pool, owner), web.Application()
        app.router.add_post("/v1/tasks", direct.create)
        app.router.add_get("/v1/tasks", direct.list)
        app.router.add_get("/v1/tasks/{id}", direct.show)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        sys.stdout.write(f"{port}\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)
        await runner.cleanup()


if __name__ == "__main__":
    uvloop.run(serve(UUID(sys.argv[1])))
