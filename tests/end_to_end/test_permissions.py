"""Every route that is about one task, as every role: what the permission matrix says is what HTTP answers."""

from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest

from contracts import comments, files, sharing, task_lists, tasks
from contracts.message import Message
from contracts.task_lists import GetTaskStats, ListTags, ListTasks
from contracts.tasks import CreateTask, Permission
from gateway.operation import MULTIPART, Operation
from gateway.routes import OPERATIONS
from task_worker.permissions import MATRIX, may
from tests.running import Running

ABOUT_NO_TASK: set[type[Message]] = {CreateTask, ListTasks, GetTaskStats, ListTags}
"""They make a task, or show what is one's own or shared with one."""

INTERNAL: set[type[Message]] = {files.BeginUpload}
"""Sent by a route that sends another message, too."""

ROLES: dict[str, Permission | None] = {"owner": "owner", "editor": "edit", "viewer": "view", "stranger": None}

BODIES: dict[str, Any] = {
    "update_task": {"title": "Water the garden"},
    "replace_task": {"title": "Water the garden"},
    "update_tasks": lambda world: {"task_ids": [world.task], "updates": {"title": "Water the garden"}},
    "add_tags": {"tags": ["garden"]},
    "share_task": {"shared_with_username": "newcomer"},
    "change_share": {"permission": "edit"},
    "add_comment": {"content": "Twice."},
    "edit_comment": {"content": "Thrice."},
}


def _task_operations() -> list[Operation]:
    modules = {module.__name__ for module in (tasks, task_lists, sharing, comments, files)}
    return [each for each in OPERATIONS if each.asks is not None and each.asks.__module__ in modules]


WALKED = [each for each in _task_operations() if each.asks not in ABOUT_NO_TASK]


@pytest.mark.parametrize("operation", _task_operations(), ids=lambda each: each.name)
def test_every_route_about_a_task_has_a_row(operation: Operation) -> None:
    assert (operation.asks in MATRIX) != (operation.asks in ABOUT_NO_TASK)


def test_every_row_has_a_route() -> None:
    assert MATRIX.keys() - {each.asks for each in WALKED} == INTERNAL


@dataclass
class World:
    """A task of the owner's, shared with the editor and the viewer, with a comment by each and a file."""

    http: aiohttp.ClientSession
    tokens: dict[str, str]
    task: str = ""
    file: str = ""
    comments: dict[str, str] = field(default_factory=dict)

    async def ask(self, role: str, method: str, path: str, **options: Any) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self.tokens[role]}"}
        async with self.http.request(method, path, headers=headers, **options) as response:
            body = await response.read()
            return response.status, await response.json() if body and "json" in response.content_type else body

    async def make(self) -> "World":
        made = World(self.http, self.tokens)
        made.task = (await made.do("owner", "/v1/tasks", {"title": "Water the plants", "tags": ["home"]}))["id"]
        for role, permission in (("editor", "edit"), ("viewer", "view")):
            await made.do(
                "owner", f"/v1/tasks/{made.task}/share", {"shared_with_username": role, "permission": permission}
            )
        for role in ("owner", "editor", "viewer"):
            comment = await made.do(role, f"/v1/tasks/{made.task}/comments", {"content": "Once."})
            made.comments[role] = comment["id"]
        status, file = await made.ask("owner", "POST", f"/v1/tasks/{made.task}/files", data=form())
        assert status == 201, file
        made.file = file["id"]
        return made

    async def do(self, role: str, path: str, body: Any) -> Any:
        status, answer = await self.ask(role, "POST", path, json=body)
        assert status == 201, answer
        return answer


def form() -> aiohttp.FormData:
    data = aiohttp.FormData()
    data.add_field("file", b"Water the plants.\n", filename="plants.txt", content_type="text/html")
    return data


async def _attempt(world: World, operation: Operation, role: str, path: str) -> int:
    body = BODIES.get(operation.name)
    body = body(world) if callable(body) else body
    options = {"data": form()} if MULTIPART in operation.takes else {"json": body} if body is not None else {}
    status, answer = await world.ask(role, operation.method, path, **options)
    assert status != 404 or answer["code"] == "not-found", answer
    return status


def _paths(operation: Operation, world: World, role: str) -> list[tuple[str, bool]]:
    """With whether what the path names is the role's own."""
    if "{comment_id}" in operation.path:
        authors = ["owner" if role != "owner" else "viewer", *([role] if role in world.comments else [])]
        return [(operation.path.format(comment_id=world.comments[author]), author == role) for author in authors]
    if "{username}" in operation.path:
        named = ["editor" if role != "editor" else "viewer", *([role] if role in {"editor", "viewer"} else [])]
        return [(operation.path.format(task_id=world.task, username=name), name == role) for name in named]
    return [(operation.path.format(task_id=world.task, file_id=world.file, tag="home"), False)]


@pytest.mark.timeout(300)
async def test_what_the_matrix_says_is_what_is_answered(running: Running) -> None:
    tokens = {role: await running.register(role) for role in (*ROLES, "newcomer")}
    world = await World(running.http, tokens).make()
    wrong = []
    for operation in WALKED:
        for role, permission in ROLES.items():
            for number in range(len(_paths(operation, world, role))):
                path, own = _paths(operation, world, role)[number]
                assert operation.asks is not None
                if permission is None:
                    expected = 404
                elif may(operation.asks, permission, own=own):
                    expected = operation.success
                else:
                    expected = 403
                status = await _attempt(world, operation, role, path)
                if status != expected:
                    wrong.append((operation.name, role, own, status, expected))
                if status < 300 and operation.method != "GET":
                    world = await world.make()
    assert wrong == []
