"""Whatever two people do to tasks, in whatever order: the answers, the lists and the events are those of a small model."""

from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.running import Running

steps = st.tuples(
    st.sampled_from(["create", "patch", "delete", "restore", "share", "unshare"]),
    st.sampled_from(["ada", "grace"]),
    st.integers(0, 3),
    st.sampled_from(["a", "b"]),
)


@dataclass
class Modelled:
    id: str
    owner: str
    title: str
    shared: bool = False
    deleted: bool = False
    version: int = 1

    @property
    def path(self) -> str:
        return f"/v1/tasks/{self.id}"

    @property
    def other(self) -> str:
        return "grace" if self.owner == "ada" else "ada"

    def seen_by(self, who: str) -> bool:
        return not self.deleted and (who == self.owner or self.shared)


class Machine:
    def __init__(self, running: Running, people: dict[str, str]) -> None:
        self._running = running
        self._people = people
        self.tasks: list[Modelled] = []

    async def call(self, who: str, method: str, path: str, **more: Any) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self._people[who]}"}
        async with self._running.http.request(method, path, headers=headers, **more) as response:
            return response.status, await response.json() if response.content_length else None

    async def create(self, who: str, title: str) -> None:
        status, made = await self.call(who, "POST", "/v1/tasks", json={"title": title})
        assert status == 201
        self.tasks.append(Modelled(made["id"], who, title))

    async def patch(self, task: Modelled, who: str, title: str) -> None:
        status, _ = await self.call(who, "PATCH", task.path, json={"title": title})
        assert status == (200 if task.seen_by(who) else 404)
        if status == 200 and task.title != title:
            task.title, task.version = title, task.version + 1

    async def delete(self, task: Modelled, who: str, _: str) -> None:
        status, _body = await self.call(who, "DELETE", task.path)
        assert status == (404 if not task.seen_by(who) else 204 if who == task.owner else 403)
        if status == 204:
            task.deleted, task.version = True, task.version + 1

    async def restore(self, task: Modelled, _: str, __: str) -> None:
        status, _body = await self.call(task.owner, "POST", f"{task.path}/restore")
        assert status == 200
        task.deleted, task.version = False, task.version + task.deleted

    async def share(self, task: Modelled, _: str, __: str) -> None:
        body = {"shared_with_username": task.other, "permission": "edit"}
        status, _body = await self.call(task.owner, "POST", f"{task.path}/share", json=body)
        assert status == (404 if task.deleted else 409 if task.shared else 201)
        if status == 201:
            task.shared, task.version = True, task.version + 1

    async def unshare(self, task: Modelled, _: str, __: str) -> None:
        status, _body = await self.call(task.owner, "DELETE", f"{task.path}/share/{task.other}")
        assert status == (204 if task.shared and not task.deleted else 404)
        if status == 204:
            task.shared, task.version = False, task.version + 1

    async def step(self, what: str, who: str, which: int, title: str) -> None:
        if what == "create" or not self.tasks:
            await self.create(who, title)
            return
        moves = {move.__name__: move for move in (self.patch, self.delete, self.restore, self.share, self.unshare)}
        await moves[what](self.tasks[which % len(self.tasks)], who, title)

    async def agrees(self) -> None:
        ours = {task.id for task in self.tasks}
        for who in self._people:
            _, page = await self.call(who, "GET", "/v1/tasks?limit=200")
            listed = {(each["id"], each["title"], each["version"]) for each in page["items"] if each["id"] in ours}
            assert listed == {(task.id, task.title, task.version) for task in self.tasks if task.seen_by(who)}


@pytest.fixture
async def people(running: Running) -> dict[str, str]:
    """Their tokens, by name."""
    return {name: await running.register(name) for name in ("ada", "grace")}


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.lists(steps, min_size=4, max_size=12))
async def test_two_people_and_their_tasks(
    running: Running, people: dict[str, str], superuser: asyncpg.Connection, moves: list[tuple[str, str, int, str]]
) -> None:
    machine = Machine(running, people)
    for move in moves:
        await machine.step(*move)
        await machine.agrees()
    for task in machine.tasks:
        told = await superuser.fetch("SELECT aggregate_version FROM tasks.event_log WHERE aggregate_id = $1", task.id)
        assert sorted(row["aggregate_version"] for row in told) == list(range(1, task.version + 1))
