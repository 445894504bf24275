"""What the routes of tasks add to the handlers behind them: bodies, paths, cursors, entity tags."""

from datetime import date, timedelta
from typing import Any

import pytest

from tests.integration.gateway.conftest import Newcomer
from tests.unit.gateway.serving import Answer, Served


async def create(served: Served, ada: dict[str, str], **members: Any) -> Any:
    return (await served.ask("POST", "/v1/tasks", json={"title": "a", **members}, headers=ada)).json


async def test_put_replaces_everything_that_can_be_written(served: Served, ada: dict[str, str]) -> None:
    task = await create(served, ada, description="b", tags=["home"], due_date="2100-01-01", status="completed")
    path = f"/v1/tasks/{task['id']}"
    answer = await served.ask("PUT", path, json={"title": "c", "completed": False}, headers=ada | {"If-Match": '"1"'})
    assert (answer.status, answer.headers["etag"]) == (200, '"2"')
    written = ("title", "description", "tags", "due_date", "status", "priority")
    assert [answer.json[member] for member in written] == ["c", None, [], None, "pending", "medium"]
    assert (await served.ask("PUT", path, json={"description": "d"}, headers=ada)).status == 422
    again = await served.ask("PUT", path, json={"title": "c"}, headers=ada)
    assert (again.status, again.headers["etag"]) == (200, '"2"')


@pytest.mark.parametrize(
    ("updates", "code"),
    [
        ({}, "empty-patch"),
        ({"title": ""}, "validation-failed"),
        ({"title": None}, "validation-failed"),
        ({"title": "   "}, "validation-failed"),
        ({"title": "a" * 201}, "validation-failed"),
        ({"tags": ["a"] * 5000}, "validation-failed"),
        ({"tags": ["a" * 51]}, "validation-failed"),
        ({"owner": "me"}, "unknown-field"),
    ],
)
async def test_a_bulk_change_is_validated_like_any_other(
    served: Served, ada: dict[str, str], updates: dict[str, Any], code: str
) -> None:
    task = await create(served, ada)
    body = {"task_ids": [task["id"]], "updates": updates}
    assert (await served.ask("PATCH", "/v1/tasks/bulk", json=body, headers=ada)).code == code
    patched = await served.ask("PATCH", f"/v1/tasks/{task['id']}", json=updates, headers=ada)
    assert patched.code == code


async def test_a_bulk_change_names_each_task_once(served: Served, ada: dict[str, str]) -> None:
    one, two = await create(served, ada), await create(served, ada)
    body: dict[str, Any] = {"task_ids": [one["id"], two["id"]], "updates": {"priority": "high"}}
    answer = await served.ask("PATCH", "/v1/tasks/bulk", json=body, headers=ada)
    assert [(task["id"], task["priority"]) for task in answer.json["items"]] == [
        (one["id"], "high"),
        (two["id"], "high"),
    ]
    for task_ids in ([one["id"]] * 2, [], [one["id"]] * 101):
        wrong = await served.ask("PATCH", "/v1/tasks/bulk", json=body | {"task_ids": task_ids}, headers=ada)
        assert wrong.code == "validation-failed"


async def test_a_tag_in_a_path_may_be_any_tag(served: Served, ada: dict[str, str]) -> None:
    task = await create(served, ada, tags=["q/a", "50%", "größe"])
    path = f"/v1/tasks/{task['id']}/tags"
    for tag in ("q%2Fa", "50%25", "GR%C3%96%C3%9FE"):
        assert (await served.ask("DELETE", f"{path}/{tag}", headers=ada)).status in {200, 404}, tag
    shown = await served.ask("GET", f"/v1/tasks/{task['id']}", headers=ada)
    assert shown.json["tags"] == []
    for tag in ("nothing", "a" * 100, "%00", "%20"):
        assert (await served.ask("DELETE", f"{path}/{tag}", headers=ada)).code == "not-found"


async def test_sharing_finds_people_by_their_names(served: Served, newcomer: Newcomer, ada: dict[str, str]) -> None:
    task, grace = await create(served, ada), await newcomer("grace")
    path = f"/v1/tasks/{task['id']}/share"
    shared = await served.ask("POST", path, json={"shared_with_username": "Grace"}, headers=ada)
    assert (shared.status, shared.json["user"]["username"], shared.json["permission"]) == (201, "grace", "view")
    assert shared.headers["location"] == f"{path}/grace"
    for username, code in (("grace", "already-shared"), ("nobody", "user-not-found"), ("ada", "validation-failed")):
        again = await served.ask("POST", path, json={"shared_with_username": username}, headers=ada)
        assert again.code == code
    for listing in ("/v1/tasks", "/v1/tasks?owner=shared", "/v1/tasks/shared-with-me"):
        [item] = (await served.ask("GET", listing, headers=grace)).json["items"]
        assert (item["id"], item["my_permission"], item["owner"]["username"]) == (task["id"], "view", "ada")
    assert (await served.ask("DELETE", f"{path}/grace", headers=grace)).status == 204
    assert (await served.ask("GET", "/v1/tasks", headers=grace)).json["items"] == []


async def pages(served: Served, ada: dict[str, str], path: str) -> list[Answer]:
    found = [await served.ask("GET", path, headers=ada)]
    while cursor := found[-1].json["page"]["next_cursor"]:
        found.append(await served.ask("GET", f"{path}&cursor={cursor}", headers=ada))
    return found


async def test_a_cursor_holds_the_longest_title(served: Served, ada: dict[str, str]) -> None:
    for number in range(3):
        await create(served, ada, title='"' * 199 + str(number))
    found = await pages(served, ada, "/v1/tasks?sort=-title,-priority,due_date&limit=1&count=exact")
    assert [answer.json["items"][0]["title"][-1] for answer in found] == ["2", "1", "0"]
    assert [answer.json["page"]["total"] for answer in found] == [3, 3, 3]
    assert 'rel="next"' in found[0].headers["link"]
    cursor = found[0].json["page"]["next_cursor"]
    for other in ("sort=title", "sort=-title,-priority", "sort=-title,-priority,due_date&status=pending"):
        wrong = await served.ask("GET", f"/v1/tasks?{other}&cursor={cursor}", headers=ada)
        assert wrong.code == "invalid-cursor"


async def test_stats_follow_at_once_and_have_an_entity_tag(served: Served, ada: dict[str, str]) -> None:
    task = await create(served, ada, tags=["home"], due_date="2020-01-01")
    stats = await served.ask("GET", "/v1/tasks/stats", headers=ada)
    assert (stats.json["total"], stats.json["overdue"], stats.json["by_tag"]) == (1, 1, {"home": 1})
    etag = {"If-None-Match": stats.headers["etag"]}
    assert (await served.ask("GET", "/v1/tasks/stats", headers=ada | etag)).status == 304
    await served.ask("PATCH", f"/v1/tasks/{task['id']}", json={"completed": True}, headers=ada)
    changed = await served.ask("GET", "/v1/tasks/stats", headers=ada | etag)
    assert (changed.status, changed.json["completion_rate"], changed.json["overdue"]) == (200, 1.0, 0)


async def test_a_deleted_task_is_its_owners_to_restore(served: Served, ada: dict[str, str]) -> None:
    task = await create(served, ada)
    path = f"/v1/tasks/{task['id']}"
    assert (await served.ask("DELETE", path, headers=ada)).status == 204
    assert (await served.ask("DELETE", path, headers=ada)).code == "not-found"
    assert (await served.ask("GET", f"{path}?deleted=true", headers=ada)).json["deleted_at"] is not None
    [item] = (await served.ask("GET", "/v1/tasks?deleted=true", headers=ada)).json["items"]
    assert item["id"] == task["id"]
    restored = await served.ask("POST", f"{path}/restore", headers=ada)
    assert (restored.status, restored.headers["etag"]) == (200, '"3"')
    assert (await served.ask("GET", path, headers=ada)).status == 200


async def test_a_comment_has_its_own_version(served: Served, ada: dict[str, str]) -> None:
    task = await create(served, ada)
    made = await served.ask("POST", f"/v1/tasks/{task['id']}/comments", json={"content": " b "}, headers=ada)
    path = made.headers["location"]
    assert (made.status, made.headers["etag"], made.json["content"]) == (201, '"1"', "b")
    edited = await served.ask("PATCH", path, json={"content": "c"}, headers=ada | {"If-Match": '"1"'})
    assert (edited.status, edited.headers["etag"]) == (200, '"2"')
    stale = await served.ask("DELETE", path, headers=ada | {"If-Match": '"1"'})
    assert (stale.code, stale.json["current_etag"]) == ("precondition-failed", '"2"')
    for content in ("", "  ", "a" * 1001, None, 1):
        wrong = await served.ask("PATCH", path, json={"content": content}, headers=ada)
        assert wrong.code == "validation-failed"
    assert (await served.ask("PATCH", path, json={}, headers=ada)).code == "empty-patch"


async def test_a_day_is_included_as_a_whole(served: Served, ada: dict[str, str]) -> None:
    task = await create(served, ada)
    day = date.fromisoformat(task["created_at"][:10])
    for query, found in (
        (f"created_before={day}", 1),
        (f"created_after={day}", 1),
        (f"created_before={day - timedelta(days=1)}", 0),
        (f"created_after={day + timedelta(days=1)}", 0),
    ):
        page = await served.ask("GET", f"/v1/tasks?{query}", headers=ada)
        assert len(page.json["items"]) == found, query
