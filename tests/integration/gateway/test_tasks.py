import asyncio

from tests.eventually import eventually
from tests.unit.gateway.serving import Answer, Served


async def _create(served: Served, ada: dict[str, str], title: str = "Write notes", **headers: str) -> Answer:
    return await served.ask("POST", "/v1/tasks", json={"title": title}, headers=ada | headers)


async def test_a_task_lives_and_dies(served: Served, ada: dict[str, str]) -> None:
    """H69"""
    created = await _create(served, ada)
    path = created.headers["location"]
    assert (created.status, path, created.headers["etag"]) == (201, f"/v1/tasks/{created.json['id']}", '"1"')

    shown = await served.ask("GET", path, headers=ada)
    assert (shown.status, shown.json) == (200, created.json)
    head = await served.ask("HEAD", path, headers=ada)
    assert (head.status, head.headers["etag"], head.body) == (200, '"1"', b"")
    unchanged = await served.ask("GET", path, headers=ada | {"If-None-Match": '"1"'})
    assert unchanged.status == 304

    patched = await served.ask("PATCH", path, json={"status": "completed"}, headers=ada | {"If-Match": '"1"'})
    assert (patched.status, patched.headers["etag"], patched.json["completed"]) == (200, '"2"', True)
    for stale in ('"1"', 'W/"2"', '"nonsense"'):
        refused = await served.ask("PATCH", path, json={"title": "x"}, headers=ada | {"If-Match": stale})
        assert (refused.status, refused.code) == (412, "precondition-failed")
        assert refused.json["current_etag"] == '"2"'

    deleted = await served.ask("DELETE", path, headers=ada | {"If-Match": "*"})
    assert (deleted.status, deleted.body) == (204, b"")
    assert (await served.ask("GET", path, headers=ada)).code == "not-found"


async def test_a_repeated_request_is_answered_with_what_the_first_one_made(served: Served, ada: dict[str, str]) -> None:
    answers = await asyncio.gather(*(_create(served, ada, **{"Idempotency-Key": '"one"'}) for _ in range(10)))
    assert {answer.status for answer in answers} == {201}
    assert len({answer.json["id"] for answer in answers}) == 1
    assert len({answer.headers["location"] for answer in answers}) == 1
    assert sum(answer.headers.get("idempotency-replayed") == "true" for answer in answers) == 9
    bare = await _create(served, ada, **{"Idempotency-Key": "one"})
    assert bare.headers["idempotency-replayed"] == "true"
    other = await _create(served, ada, "Another", **{"Idempotency-Key": "one"})
    assert (other.status, other.code) == (422, "idempotency-key-reused")


async def test_preferences_are_honoured(served: Served, ada: dict[str, str]) -> None:
    minimal = await _create(served, ada, Prefer="return=minimal, wait=10")
    assert (minimal.status, minimal.body) == (201, b"")
    assert minimal.headers["preference-applied"] == "wait=10, return=minimal"
    path = minimal.headers["location"]
    patched = await served.ask("PATCH", path, json={"title": "b"}, headers=ada | {"Prefer": "return=minimal"})
    assert (patched.status, patched.headers["etag"]) == (204, '"2"')


async def test_a_command_in_the_background_can_be_followed_by_its_sender(served: Served, ada: dict[str, str]) -> None:
    accepted = await _create(served, ada, Prefer="respond-async")
    assert (accepted.status, accepted.headers["preference-applied"]) == (202, "respond-async")
    path = accepted.headers["location"]
    done = await served.ask("GET", f"{path}?wait=10", headers=ada)
    assert (done.json["status"], done.json["http_status"]) == ("succeeded", 201)
    assert done.json["result"]["title"] == "Write notes"
    assert (await served.ask("GET", path)).status == 404

    missing = "/v1/tasks/01936b2e-7c00-7000-8000-000000000001"
    refused = await served.ask("DELETE", missing, headers=ada | {"Prefer": "respond-async"})
    failed = await served.ask("GET", f"{refused.headers['location']}?wait=10", headers=ada)
    assert (failed.json["status"], failed.json["http_status"]) == ("failed", 404)
    assert failed.json["problem"]["code"] == "not-found"


async def test_lists_are_paged(served: Served, ada: dict[str, str]) -> None:
    made = [(await _create(served, ada, f"task {number}")).json["id"] for number in range(5)]
    path, seen = "/v1/tasks?limit=2&status=pending", []
    while path:
        page = await served.ask("GET", path, headers=ada)
        seen += [task["id"] for task in page.json["items"]]
        assert page.json["page"]["has_more"] is ("link" in page.headers)
        path = page.headers["link"].split(">")[0].removeprefix("<") if "link" in page.headers else ""
    assert seen == made[::-1]
    first = await served.ask("GET", "/v1/tasks?limit=2&status=pending", headers=ada)
    cursor = first.json["page"]["next_cursor"]
    assert (await served.ask("GET", f"/v1/tasks?limit=2&cursor={cursor}", headers=ada)).code == "invalid-cursor"


async def test_what_was_done_is_in_the_activity(served: Served, ada: dict[str, str]) -> None:
    created = await _create(served, ada)
    path = f"/v1/activity?resource_type=task&task_id={created.json['id']}"

    async def found() -> bool:
        page = await served.ask("GET", path, headers=ada)
        return [entry["action"] for entry in page.json["items"]] == ["created"]

    await eventually(found)
