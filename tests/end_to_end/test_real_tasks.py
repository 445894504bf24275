"""4,999 pieces of work that people really wrote go in by HTTP, come back page by page, and are counted everywhere."""

import asyncio
import json
import unicodedata
from collections import Counter
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from ops.state import ROOT
from tests.eventually import eventually
from tests.running import Running

REAL_TASKS = ROOT.parent / "shared" / "data" / "real_tasks.jsonl"
MEMBERS = ("title", "description", "priority", "tags", "due_date")


def read(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def key(task: dict[str, Any]) -> str:
    return json.dumps([task[member] for member in MEMBERS])


@pytest.mark.skipif(not REAL_TASKS.exists(), reason="the file of real tasks is not beside the project")
@pytest.mark.timeout(600)
async def test_every_real_task_is_a_row_an_event_and_an_activity(
    running: Running, superuser: asyncpg.Connection
) -> None:
    tasks = read(REAL_TASKS)
    headers = {"Authorization": f"Bearer {await running.register('ada')}"}
    turns = asyncio.Semaphore(32)

    async def create(task: dict[str, Any]) -> dict[str, Any]:
        async with turns, running.http.post("/v1/tasks", json=task, headers=headers) as response:
            assert response.status == 201, await response.text()
            created: dict[str, Any] = await response.json()
            return created

    created = await asyncio.gather(*map(create, tasks))

    listed: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        parameters = {"limit": "200", **({"cursor": cursor} if cursor else {})}
        async with running.http.get("/v1/tasks", params=parameters, headers=headers) as response:
            page = await response.json()
        listed += page["items"]
        cursor = page["page"]["next_cursor"]

    assert sorted(task["id"] for task in listed) == sorted(task["id"] for task in created)
    assert [task["created_at"] for task in listed] == sorted((task["created_at"] for task in listed), reverse=True)
    assert Counter(map(key, listed)) == Counter(map(key, created))
    assert Counter(task["title"] for task in listed) == Counter(
        unicodedata.normalize("NFC", task["title"].strip()) for task in tasks
    )

    for word in ("fix", "documentation", "board"):
        async with running.http.get(
            "/v1/tasks", params={"search": word, "limit": "200", "count": "exact"}, headers=headers
        ) as response:
            found = await response.json()
        matching = [task for task in listed if word in f"{task['title']} {task['description'] or ''}".lower().split()]
        ids = {task["id"] for task in found["items"]}
        newest = {task["id"] for task in matching if task["created_at"] > found["items"][-1]["created_at"]}
        assert newest <= ids
        assert found["page"]["total"] >= len(matching) > 0

    count = len(tasks)
    assert await superuser.fetchval("SELECT count(*) FROM tasks.tasks") == count
    assert await superuser.fetchval("SELECT count(*) FROM tasks.event_log") == count
    await eventually(
        lambda: superuser.fetchval("SELECT count(*) = $1 FROM notifier.activity WHERE resource_type = 'task'", count),
        within=120,
        every=0.5,
    )
    assert await superuser.fetchval("SELECT count(*) FROM tasks.outbox") == 0
