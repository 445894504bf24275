"""Random walks over the API by three people, beside a model of what each may see."""

import asyncio
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, rule, run_state_machine_as_test

from tests.running import Running

PEOPLE = ("ada", "grace", "joan")
people = st.sampled_from(PEOPLE)
titles = st.sampled_from(["a", "Water the plants", "\U0001f331 ä", "x" * 200])


@dataclass
class Known:
    """A task as the model has it."""

    id: str
    owner: str
    title: str
    version: int = 1
    deleted: bool = False
    shares: dict[str, str] = field(default_factory=dict)
    comments: int = 0

    def permission(self, person: str) -> str | None:
        return "owner" if person == self.owner else self.shares.get(person)


@dataclass(frozen=True)
class Api:
    """For a thread beside the loop."""

    running: Running
    tokens: dict[str, str]
    loop: asyncio.AbstractEventLoop

    def call(self, person: str, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        async def ask() -> tuple[int, Any]:
            headers = {"Authorization": f"Bearer {self.tokens[person]}"}
            async with self.running.http.request(method, path, json=body, headers=headers) as response:
                return response.status, await response.json(content_type=None) if response.content_length else {}

        return asyncio.run_coroutine_threadsafe(ask(), self.loop).result(timeout=15)


class Walk(RuleBasedStateMachine):
    api: ClassVar[Api]
    known = Bundle("known")

    def __init__(self) -> None:
        super().__init__()
        self.tasks: list[Known] = []

    @rule(target=known, person=people, title=titles)
    def create(self, person: str, title: str) -> Known:
        status, task = self.api.call(person, "POST", "/v1/tasks", {"title": title})
        assert status == 201, task
        made = Known(task["id"], person, title)
        self.tasks.append(made)
        return made

    def change(self, task: Known, person: str, allowed: set[str], method: str, path: str, body: Any = None) -> bool:
        """Whether it was done; everybody else is told as much as he may know."""
        permission = None if task.deleted else task.permission(person)
        status, answer = self.api.call(person, method, f"/v1/tasks/{task.id}{path}", body)
        if permission is None:
            assert (status, answer["code"]) == (404, "not-found"), answer
        elif permission not in allowed:
            assert (status, answer["code"]) == (403, "forbidden"), answer
        else:
            return status < 300
        return False

    @rule(task=known, person=people, title=titles)
    def rename(self, task: Known, person: str, title: str) -> None:
        if self.change(task, person, {"owner", "edit"}, "PATCH", "", {"title": title}) and title != task.title:
            task.title, task.version = title, task.version + 1

    @rule(task=known, person=people, other=people, permission=st.sampled_from(["view", "edit"]))
    def share(self, task: Known, person: str, other: str, permission: str) -> None:
        body = {"shared_with_username": other, "permission": permission}
        if self.change(task, person, {"owner"}, "POST", "/share", body):
            assert other != task.owner
            assert other not in task.shares
            task.shares[other] = permission
            task.version += 1

    @rule(task=known, person=people, other=people)
    def unshare(self, task: Known, person: str, other: str) -> None:
        allowed = {"owner", *({"view", "edit"} if person == other else ())}
        if self.change(task, person, allowed, "DELETE", f"/share/{other}"):
            del task.shares[other]
            task.version += 1

    @rule(task=known, person=people)
    def comment(self, task: Known, person: str) -> None:
        if self.change(task, person, {"owner", "edit", "view"}, "POST", "/comments", {"content": "Once."}):
            task.comments += 1
            task.version += 1

    @rule(task=known, person=people)
    def delete(self, task: Known, person: str) -> None:
        if self.change(task, person, {"owner"}, "DELETE", ""):
            task.deleted = True
            task.version += 1

    @rule(task=known, person=people)
    def restore(self, task: Known, person: str) -> None:
        status, answer = self.api.call(person, "POST", f"/v1/tasks/{task.id}/restore")
        if person != task.owner:
            assert status == (404 if task.permission(person) is None else 403), answer
            return
        assert (status, answer["deleted_at"]) == (200, None), answer
        task.version += task.deleted
        task.deleted = False

    @rule(task=known, person=people)
    def look(self, task: Known, person: str) -> None:
        status, answer = self.api.call(person, "GET", f"/v1/tasks/{task.id}")
        if task.deleted or task.permission(person) is None:
            assert (status, answer["code"]) == (404, "not-found")
            return
        assert status == 200
        assert (answer["title"], answer["version"]) == (task.title, task.version)
        assert (answer["my_permission"], answer["comment_count"]) == (task.permission(person), task.comments)
        assert answer["share_count"] == len(task.shares)

    @rule(person=people)
    def see_all(self, person: str) -> None:
        status, page = self.api.call(person, "GET", "/v1/tasks?limit=200&count=exact")
        assert status == 200
        assert page["page"]["total"] == len(page["items"])
        seen = {task["id"] for task in page["items"]}
        for task in self.tasks:
            assert (task.id in seen) == (not task.deleted and task.permission(person) is not None)


@pytest.mark.timeout(300)
async def test_whatever_three_people_do_each_sees_what_is_his(running: Running) -> None:
    tokens = {person: await running.register(person) for person in PEOPLE}
    Walk.api = Api(running, tokens, asyncio.get_running_loop())
    walks = settings(
        max_examples=8,
        stateful_step_count=30,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    await asyncio.to_thread(run_state_machine_as_test, Walk, settings=walks)
