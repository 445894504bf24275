"""The main job, by HTTP alone: each change is one row, one event, one activity entry; a registration is one mail."""

import json
from typing import Any

import asyncpg

from tests.eventually import eventually
from tests.running import Running


async def call(running: Running, method: str, path: str, token: str, **more: Any) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {token}", **more.pop("headers", {})}
    async with running.http.request(method, path, headers=headers, **more) as response:
        return response.status, await response.json() if response.content_length else None


async def test_a_task_lives_and_dies(running: Running, superuser: asyncpg.Connection) -> None:
    token = await running.register("ada")

    status, task = await call(running, "POST", "/v1/tasks", token, json={"title": "Write the first program"})
    assert status == 201
    path = f"/v1/tasks/{task['id']}"
    assert await call(running, "GET", path, token) == (200, task)
    status, page = await call(running, "GET", "/v1/tasks", token)
    assert page["items"] == [task]

    status, task = await call(running, "PATCH", path, token, json={"priority": "high"})
    assert (status, task["priority"], task["version"]) == (200, "high", 2)
    status, same = await call(running, "PATCH", path, token, json={"priority": "high"})
    assert (status, same) == (200, task)
    status, task = await call(running, "PATCH", path, token, json={"completed": True})
    assert (status, task["status"], task["version"]) == (200, "completed", 3)
    status, problem = await call(running, "PATCH", path, token, json={"title": "x"}, headers={"If-Match": '"1"'})
    assert (status, problem["code"], problem["current_etag"]) == (412, "precondition-failed", '"3"')
    assert await call(running, "DELETE", path, token) == (204, None)
    status, problem = await call(running, "GET", path, token)
    assert (status, problem["code"]) == (404, "not-found")

    async def actions() -> list[str] | None:
        _, page = await call(running, "GET", f"/v1/activity?task_id={task['id']}", token)
        seen = [entry["action"] for entry in reversed(page["items"])]
        return seen if len(seen) >= 4 else None

    assert await eventually(actions) == ["created", "updated", "completed", "deleted"]
    events = await superuser.fetch("SELECT type FROM tasks.event_log ORDER BY aggregate_version")
    assert [event["type"] for event in events] == [
        "tasks.task_created.v1",
        "tasks.task_updated.v1",
        "tasks.task_completed.v1",
        "tasks.task_deleted.v1",
    ]


async def test_registration_sends_one_verification_mail(running: Running) -> None:
    await running.register("grace")

    async def mails() -> list[dict[str, Any]] | None:
        async with running.http.get(f"{running.mail_url}/api/v1/messages") as response:
            messages: list[dict[str, Any]] = (await response.json())["messages"]
            return messages or None

    [mail] = await eventually(mails)
    assert [to["Address"] for to in mail["To"]] == ["grace@example.org"]
    async with running.http.get(f"{running.mail_url}/api/v1/message/{mail['ID']}") as response:
        text = (await response.json())["Text"]
    assert f"{running.url}/v1/notifications/verify" in text


async def test_nobody_sees_the_tasks_of_another(running: Running) -> None:
    """Pitfall F31"""
    ada, grace = await running.register("ada"), await running.register("grace")
    _, task = await call(running, "POST", "/v1/tasks", ada, json={"title": "Mine"})
    unknown = "0197d0a0-0000-7000-8000-000000000000"
    for method, more in (("GET", {}), ("PATCH", {"json": {"title": "Yours"}}), ("DELETE", {})):
        status, problem = await call(running, method, f"/v1/tasks/{task['id']}", grace, **more)
        _, nothing = await call(running, method, f"/v1/tasks/{unknown}", grace, **more)
        assert status == 404
        varying = {"instance", "request_id", "trace_id"}
        assert {k: v for k, v in problem.items() if k not in varying} == {
            k: v for k, v in nothing.items() if k not in varying
        }


async def test_the_same_key_is_the_same_task(running: Running, superuser: asyncpg.Connection) -> None:
    token = await running.register("ada")
    key = {"Idempotency-Key": "0b9a"}
    first = await call(running, "POST", "/v1/tasks", token, json={"title": "Once"}, headers=key)
    again = await call(running, "POST", "/v1/tasks", token, json={"title": "Once"}, headers=key)
    status, problem = await call(running, "POST", "/v1/tasks", token, json={"title": "Other"}, headers=key)
    assert first == again
    assert (status, problem["code"]) == (422, "idempotency-key-reused")
    assert await superuser.fetchval("SELECT count(*) FROM tasks.tasks") == 1


async def test_a_command_can_be_asked_for_later(running: Running) -> None:
    token = await running.register("ada")
    status, accepted = await call(
        running, "POST", "/v1/tasks", token, json={"title": "Later"}, headers={"Prefer": "respond-async"}
    )
    assert (status, accepted["status"]) == (202, "pending")
    status, command = await call(running, "GET", f"/v1/commands/{accepted['id']}?wait=5", token)
    assert (status, command["status"], command["http_status"]) == (200, "succeeded", 201)
    assert command["result"]["title"] == "Later"
    stranger = await running.register("grace")
    status, _ = await call(running, "GET", f"/v1/commands/{accepted['id']}", stranger)
    assert status == 404


async def test_one_trace_runs_from_the_request_to_the_event(running: Running, superuser: asyncpg.Connection) -> None:
    token = await running.register("ada")
    trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"
    traceparent = {"traceparent": f"00-{trace_id}-00f067aa0ba902b7-01"}
    status, _ = await call(running, "POST", "/v1/tasks", token, json={"title": "Traced"}, headers=traceparent)
    assert status == 201
    assert trace_id in await superuser.fetchval("SELECT traceparent FROM tasks.event_log")
    handled = [json.loads(line) for line in running.log("gateway").splitlines() if trace_id in line]
    assert [line["route"] for line in handled] == ["/v1/tasks"]
