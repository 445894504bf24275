"""What two people who share a task are told, from its sharing to its end; and what the one who lost it is not."""

import json
from typing import Any

import pytest

from tests.eventually import eventually
from tests.integration.gateway.event_reader import read_events
from tests.unit.gateway.serving import Served


@pytest.fixture
async def task(served: Served, ada: dict[str, str], grace: dict[str, str]) -> str:
    """Ada's, shared with grace, who may edit it."""
    assert grace
    created = await served.ask("POST", "/v1/tasks", json={"title": "Water the plants"}, headers=ada)
    path = created.headers["location"]
    share = {"shared_with_username": "grace", "permission": "edit"}
    assert (await served.ask("POST", f"{path}/share", json=share, headers=ada)).status == 201
    return path


async def types(served: Served, who: dict[str, str], count: int) -> list[str]:
    async def look() -> list[str] | None:
        page = await served.ask("GET", "/v1/events?types=tasks.*", headers=who)
        found = [event["type"].split(".")[1] for event in page.json["items"]]
        return found if len(found) >= count else None

    return await eventually(look)


async def inbox(served: Served, who: dict[str, str], count: int) -> list[tuple[str, str]]:
    async def look() -> list[tuple[str, str]] | None:
        page = await served.ask("GET", "/v1/notifications", headers=who)
        found = [(each["kind"], each["summary"]) for each in page.json["items"]]
        return found if len(found) >= count else None

    return await eventually(look)


async def timeline(served: Served, who: dict[str, str], path: str) -> Any:
    task_id = path.rpartition("/")[2]
    answer = await served.ask("GET", f"/v1/activity/tasks/{task_id}", headers=who)
    return [entry["action"] for entry in answer.json["items"]] if answer.status == 200 else answer.status


async def test_who_gains_a_task_sees_it_from_then_on_and_its_whole_timeline(
    served: Served, ada: dict[str, str], grace: dict[str, str], task: str
) -> None:
    await served.ask("PATCH", task, json={"completed": True}, headers=grace)
    assert await types(served, ada, 3) == ["task_created", "task_shared", "task_completed"]
    assert await types(served, grace, 2) == ["task_shared", "task_completed"]
    assert await timeline(served, grace, task) == ["created", "shared", "completed"]
    visible = await served.ask("GET", "/v1/activity?scope=visible&resource_type=task", headers=grace)
    assert [entry["action"] for entry in visible.json["items"]] == ["completed", "created"]
    assert await inbox(served, grace, 1) == [("task_shared_with_me", "Shared “Water the plants” with grace")]
    assert await inbox(served, ada, 1) == [("task_completed", "Completed “Water the plants”")]


async def test_who_loses_a_task_is_told_so_and_nothing_later(
    served: Served, ada: dict[str, str], grace: dict[str, str], task: str
) -> None:
    assert await types(served, grace, 1) == ["task_shared"]
    async with read_events(served, "?types=tasks.*", **grace) as stream:
        assert (await served.ask("DELETE", f"{task}/share/grace", headers=ada)).status == 204
        [frame] = await stream.take(1)
        assert json.loads(frame.data)["type"] == "tasks.task_unshared.v1"
    await served.ask("PATCH", task, json={"title": "A secret"}, headers=ada)
    assert await types(served, ada, 4) == ["task_created", "task_shared", "task_unshared", "task_updated"]
    assert await types(served, grace, 1) == ["task_unshared"]
    assert await timeline(served, grace, task) == 404
    assert ("share_changed", "“Water the plants” is no longer shared with grace") in await inbox(served, grace, 2)


async def test_a_comment_reaches_the_owner_and_whom_it_names(
    served: Served, ada: dict[str, str], grace: dict[str, str], task: str
) -> None:
    async def comment(who: dict[str, str], content: str) -> None:
        answer = await served.ask("POST", f"{task}/comments", json={"content": content}, headers=who)
        assert answer.status == 201, answer.body

    await comment(grace, "Done by noon.")
    assert [kind for kind, _ in await inbox(served, ada, 1)] == ["comment_on_my_task"]
    await comment(ada, "Thank you, @Grace!")
    assert [kind for kind, _ in await inbox(served, grace, 2)] == ["mention", "task_shared_with_me"]


async def test_a_deleted_task_has_a_timeline_for_its_owner_alone(
    served: Served, ada: dict[str, str], grace: dict[str, str], task: str
) -> None:
    """Pitfall F35"""
    assert (await served.ask("DELETE", task, headers=ada)).status == 204
    assert await types(served, ada, 3) == ["task_created", "task_shared", "task_deleted"]
    assert await types(served, grace, 1) == ["task_deleted"]
    assert await timeline(served, ada, task) == ["created", "shared", "deleted"]
    assert await timeline(served, grace, task) == 404
    assert (await served.ask("POST", f"{task}/restore", headers=ada)).status == 200
    await types(served, grace, 2)
    assert await timeline(served, grace, task) == ["created", "shared", "deleted", "restored"]
