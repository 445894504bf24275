"""What a hostile or careless client sends to a system that is whole: the exact answer, never a 500, never an echo."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest

from tests.eventually import eventually
from tests.integration.gateway.conftest import Newcomer
from tests.unit.gateway.serving import Answer, Served

CANARY = "canary"
NOBODY = "/v1/tasks/01936b2e-7c00-7000-8000-000000000001"


@dataclass(frozen=True)
class Case:
    id: str
    method: str
    path: str
    status: int
    code: str | None = None
    json: Any = None
    headers: dict[str, str] = field(default_factory=dict)


CASES = (
    Case("H54 a quote in a path", "GET", "/v1/tasks/' OR 1=1--", 404, "not-found"),
    Case("H54 NUL in a path", "GET", "/v1/tasks/%00", 404, "not-found"),
    Case("H54 a quote in a query", "GET", "/v1/tasks?search=' OR 1=1--canary", 200),
    Case("H54 NUL in a query", "GET", "/v1/tasks?search=%00", 400, "invalid-parameter"),
    Case("H54 a quote in a title", "POST", "/v1/tasks", 201, json={"title": "' OR 1=1--"}),
    Case("H54 NUL in a title", "POST", "/v1/tasks", 400, "malformed-json", json={"title": "a\0b"}),
    Case("H56 a number where none is", "PATCH", NOBODY, 422, "validation-failed", json={"title": 2**31}),
    Case("H57 a day before there were tasks", "POST", "/v1/tasks", 422, "validation-failed", json={"title": "a", "due_date": "0001-01-01"}),
    Case("H57 a day that is none", "POST", "/v1/tasks", 422, "validation-failed", json={"title": "a", "due_date": "2026-02-30"}),
    Case("H58 a line break in a title", "POST", "/v1/tasks", 422, "validation-failed", json={"title": "canary\r\nX-A: b"}),
    Case("H58 a line break in a tag", "POST", "/v1/tasks", 422, "validation-failed", json={"title": "a", "tags": ["canary\nb"]}),
    Case("H58 a line break in a name", "PATCH", "/v1/users/me", 422, "validation-failed", json={"display_name": "a\r\nb"}),
    Case("H64 an owner", "POST", "/v1/tasks", 422, "unknown-field", json={"title": "a", "owner_id": CANARY}),
    Case("H64 a version", "PATCH", NOBODY, 422, "unknown-field", json={"version": 7}),
    Case("H64 a role", "PATCH", "/v1/users/me", 422, "unknown-field", json={"is_admin": True}),
    Case("H65 201 characters", "POST", "/v1/tasks", 422, "validation-failed", json={"title": "x" * 201}),
    Case("H65 200 characters beyond the first plane", "POST", "/v1/tasks", 201, json={"title": "\U0001f600" * 200}),
    Case("H65 spaces alone", "POST", "/v1/tasks", 422, "validation-failed", json={"title": "   "}),
    Case("H65 an override", "POST", "/v1/tasks", 422, "validation-failed", json={"title": "canary\u202etxt"}),
    Case("H66 a page of none", "GET", "/v1/tasks?limit=0", 400, "invalid-parameter"),
    Case("H66 a forged cursor", "GET", "/v1/tasks?cursor=" + "A" * 64, 400, "invalid-cursor"),
    Case("H67 dots", "GET", "/v1/tasks/%2e%2e%2fusers", 404, "not-found"),
    Case("H68 no task", "GET", "/v1/tasks/00000000-0000-0000-0000-000000000000", 404, "not-found"),
    Case("H70 an empty key", "POST", "/v1/tasks", 400, "invalid-idempotency-key", json={"title": "a"}, headers={"Idempotency-Key": ""}),
    Case("H70 a long key", "POST", "/v1/tasks", 400, "invalid-idempotency-key", json={"title": "a"}, headers={"Idempotency-Key": "k" * 129}),
    Case("H72 a state that is none", "PATCH", NOBODY, 422, "validation-failed", json={"status": CANARY}),
    Case("H73 shared with nobody", "POST", f"{NOBODY}/share", 404, json={"shared_with_username": "nobody_here"}),
    Case("H74 10,000 tags", "POST", "/v1/tasks", 422, "validation-failed", json={"title": "a", "tags": [f"t{n}" for n in range(5000)]}),
    Case("H74 a thousand at once", "PATCH", "/v1/tasks/bulk", 422, "validation-failed", json={"task_ids": [NOBODY[-36:]] * 1000, "updates": {"title": "a"}}),
    Case("H74 a long comment", "POST", f"{NOBODY}/comments", 413, "payload-too-large", json={"content": "x" * 1_000_000}),
    Case("H75 a foreign page", "OPTIONS", "/v1/tasks", 405, "method-not-allowed", headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}),
)  # fmt: skip


def _differs(case: Case, answer: Answer) -> bool:
    if answer.status != case.status or (case.code and answer.code != case.code):
        return True
    asked = {name: value for name, value in _members(answer) if name != "instance"} if case.code else {}
    return CANARY in json.dumps(asked) or CANARY in json.dumps(answer.headers)


def _members(answer: Answer) -> Any:
    return answer.json.items()


async def test_every_case_has_its_answer(served: Served, ada: dict[str, str]) -> None:
    wrong = []
    for case in CASES:
        options = {} if case.json is None else {"json": case.json}
        answer = await served.ask(case.method, case.path, headers=ada | case.headers, **options)
        if _differs(case, answer):
            wrong.append((case.id, answer.status, answer.body[:200]))
    assert wrong == [], "\n".join(map(str, wrong))


async def test_a_cursor_is_of_use_to_its_owner_alone(
    served: Served, ada: dict[str, str], grace: dict[str, str]
) -> None:
    """H66"""
    for title in ("a", "b"):
        await served.ask("POST", "/v1/tasks", json={"title": title}, headers=ada)
    page = await served.ask("GET", "/v1/tasks?limit=1", headers=ada)
    cursor = page.json["page"]["next_cursor"]
    answer = await served.ask("GET", f"/v1/tasks?limit=1&cursor={cursor}", headers=grace)
    assert (answer.status, answer.code) == (400, "invalid-cursor")


async def test_a_key_is_each_users_own(served: Served, ada: dict[str, str], grace: dict[str, str]) -> None:
    """H70"""
    key = {"Idempotency-Key": "one"}
    made = [await served.ask("POST", "/v1/tasks", json={"title": "a"}, headers=who | key) for who in (ada, grace)]
    assert [answer.status for answer in made] == [201, 201]
    assert made[0].json["id"] != made[1].json["id"]


async def test_one_of_many_who_saw_the_same_version_changes_it(served: Served, ada: dict[str, str]) -> None:
    """H71"""
    path = (await served.ask("POST", "/v1/tasks", json={"title": "a"}, headers=ada)).headers["location"]
    answers = await asyncio.gather(
        *(
            served.ask("PATCH", path, json={"title": f"b{number}"}, headers=ada | {"If-Match": '"1"'})
            for number in range(20)
        )
    )
    assert sorted(answer.status for answer in answers) == [200] + [412] * 19


async def test_what_is_not_ones_own_is_not_there(served: Served, ada: dict[str, str], grace: dict[str, str]) -> None:
    """H34"""
    path = (await served.ask("POST", "/v1/tasks", json={"title": "a"}, headers=ada)).headers["location"]
    foreign, nothing = [await served.ask("GET", each, headers=grace) for each in (path, NOBODY)]
    varying = {"instance", "request_id", "trace_id"}
    said = [{name: value for name, value in _members(each) if name not in varying} for each in (foreign, nothing)]
    assert foreign.status == nothing.status == 404
    assert said[0] == said[1]


async def test_a_huge_chunk_extension_does_no_harm(served: Served) -> None:
    """H6"""
    head = b"POST /v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = await served.raw(head + b"2;" + b"x" * 20_000 + b"\r\n{}\r\n0\r\n\r\n")
    assert answer.status in (400, 422)


async def test_many_idle_connections_keep_nobody_out(served: Served, ada: dict[str, str]) -> None:
    """H19"""
    idle = [await asyncio.open_connection("127.0.0.1", served.port) for _ in range(500)]
    try:
        async with asyncio.timeout(1):
            assert (await served.ask("GET", "/v1/tasks", headers=ada)).status == 200
    finally:
        for _, writer in idle:
            writer.close()


async def test_streams_are_counted(served: Served, newcomer: Newcomer) -> None:
    """H53"""
    ada = await newcomer("ada")
    open_streams: list[aiohttp.ClientResponse] = []
    try:
        while len(open_streams) < 50:
            response = await served.session.get("/v1/events/stream", headers=ada)
            if response.status != 200:
                assert (response.status, (await response.json())["code"]) == (429, "rate-limited")
                assert int(response.headers["Retry-After"]) >= 1
                break
            open_streams.append(response)
        assert 1 <= len(open_streams) < 50
    finally:
        for response in open_streams:
            response.close()

    async def free() -> bool:
        response = await served.session.get("/v1/events/stream", headers=ada)
        response.close()
        return response.status == 200

    # Who has left is noticed with the next keep-alive, if nothing is to be told before.
    await eventually(free, within=25)


@pytest.mark.parametrize("position", ["x", "-1", "1" + "0" * 20], ids=lambda position: f"H52 {position}")
async def test_a_position_that_is_none_shows_nothing(served: Served, ada: dict[str, str], position: str) -> None:
    response = await served.session.get("/v1/events/stream", headers=ada | {"Last-Event-ID": position})
    try:
        if response.status == 200:
            async with asyncio.timeout(5):
                assert b"reset" in await response.content.readuntil(b"data:")
        else:
            assert response.status == 400
    finally:
        response.close()
