"""Headers and documents that do not depend on what was asked."""

import json
import time
from typing import Any
from uuid import UUID

import pytest

from gateway.response_headers import SECURITY
from tests.unit.gateway.serving import Served, Signer

REGISTER = "/v1/auth/register"
BODY = {"username": "ada", "email": "ada@example.org", "password": "canary"}


@pytest.mark.parametrize(
    ("method", "path", "options", "status"),
    [
        ("GET", "/", {}, 200),
        ("HEAD", "/", {}, 200),
        ("GET", "/livez", {}, 200),
        ("GET", "/readyz", {}, 503),
        ("GET", "/nowhere", {}, 404),
        ("GET", "/v1/tasks/not-an-id", {}, 404),
        ("PUT", "/v1/tasks", {}, 405),
        ("GET", "/", {"headers": {"Accept": "text/html"}}, 406),
        ("GET", "/?a=1", {}, 400),
        ("GET", "/v1/users/me", {}, 401),
        ("POST", REGISTER, {"data": "{}", "headers": {"Content-Type": "text/plain"}}, 415),
        ("POST", REGISTER, {"data": "x" * 70_000, "headers": {"Content-Type": "application/json"}}, 413),
        ("POST", REGISTER, {"json": {}}, 422),
        ("POST", REGISTER, {"json": BODY}, 503),
    ],
)
async def test_headers_are_there(served: Served, method: str, path: str, options: dict[str, Any], status: int) -> None:
    answer = await served.ask(method, path, **options)
    assert answer.status == status
    assert {name: answer.headers.get(name.lower()) for name in SECURITY} == SECURITY
    assert answer.headers["cache-control"] == "no-store"
    assert UUID(answer.headers["x-request-id"]).version == 7
    assert answer.headers["traceparent"].startswith("00-")
    assert "server" not in answer.headers
    if status >= 400 and path != "/readyz":
        assert answer.headers["content-type"] == "application/problem+json"
        document = json.loads(answer.body)
        assert document["status"] == status
        assert document["instance"] == path.split("?", maxsplit=1)[0]
        assert document["type"] == f"http://127.0.0.1:8080/v1/problems/{document['code']}"
        assert document["request_id"] == answer.headers["x-request-id"]
        assert document["trace_id"] in answer.headers["traceparent"]
        assert b"canary" not in answer.body


@pytest.mark.parametrize(("given", "kept"), [("abc-1._X", True), ("a b", False), ("é", False), ("a" * 65, False)])
async def test_a_request_id_is_taken_when_it_is_harmless(served: Served, given: str, kept: bool) -> None:
    answer = await served.ask("GET", "/livez", headers={"X-Request-Id": given})
    assert (answer.headers["x-request-id"] == given) is kept


async def test_a_trace_goes_on(served: Served) -> None:
    trace_id = "0af7651916cd43dd8448eb211c80319c"
    answer = await served.ask("GET", "/livez", headers={"traceparent": f"00-{trace_id}-b7ad6b7169203331-01"})
    assert answer.headers["traceparent"].split("-")[1] == trace_id


async def test_without_a_broker_the_answer_is_quick(served: Served, bearer: dict[str, str]) -> None:
    started = time.perf_counter()
    answers = [
        await served.ask("GET", "/v1/tasks", headers=bearer),
        await served.ask("POST", "/v1/tasks", json={"title": "a"}, headers=bearer),
        await served.ask("POST", "/v1/tasks", json={"title": "a"}, headers=bearer | {"Prefer": "respond-async"}),
    ]
    assert [(answer.status, answer.code) for answer in answers] == [(503, "broker-unavailable")] * 3
    assert time.perf_counter() - started < 3 * 0.2


@pytest.mark.parametrize(
    "path",
    [
        "/v1/tasks/../users",
        "/v1/tasks/%2e%2e%2fusers",
        "//v1/tasks",
        "/v1//tasks",
        "/v1/tasks/",
        "/v1/tasks;x=1",
        "/v1/tasks.",
        "/v1/tasks%00",
        "/v1/tasks/01936B2E-7C00-7000-8000-000000000001",
        "/v1/tasks/{01936b2e-7c00-7000-8000-000000000001}",
        "/v1/tasks/urn:uuid:01936b2e-7c00-7000-8000-000000000001",
        "/v1/tasks/00000000-0000-0000-0000-000000000000",
    ],
)
async def test_other_spellings_of_a_path_are_not_found(served: Served, path: str) -> None:
    """H54, H67, H68"""
    answer = await served.raw(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert (answer.status, answer.code) == (404, "not-found")
    assert json.loads(answer.body)["instance"] == path


async def test_origins_are_closed_but_for_those_named(served: Served) -> None:
    """H75"""
    asks = {"Access-Control-Request-Method": "POST"}
    good = await served.ask("OPTIONS", "/v1/tasks", headers=asks | {"Origin": "https://app.example"})
    assert good.status == 204
    assert good.headers["access-control-allow-origin"] == "https://app.example"
    assert "Idempotency-Key" in good.headers["access-control-allow-headers"]
    for origin in ("https://evil.example", "https://app.example.evil.example", "null"):
        evil = await served.ask("OPTIONS", "/v1/tasks", headers=asks | {"Origin": origin})
        assert evil.status == 405
        assert "access-control-allow-origin" not in evil.headers
    simple = await served.ask("GET", "/", headers={"Origin": "https://app.example"})
    assert simple.headers["access-control-allow-origin"] == "https://app.example"
    assert simple.headers["vary"] == "Origin"


async def test_problems_are_explained(served: Served) -> None:
    answer = await served.ask("GET", "/v1/problems/rate-limited")
    assert json.loads(answer.body)["status"] == 429
    assert (await served.ask("GET", "/v1/problems/nothing")).status == 404


async def test_the_service_says_what_runs(served: Served) -> None:
    for path in ("/", "/health"):
        document = json.loads((await served.ask("GET", path)).body)
        assert document.keys() == {"status", "service", "env", "timestamp", "version"}
    document = json.loads((await served.ask("GET", "/version")).body)
    assert {"commit", "started_at"} <= document.keys()


async def test_the_keys_are_published(served: Served, signer: Signer) -> None:
    answer = await served.ask("GET", "/.well-known/jwks.json")
    assert json.loads(answer.body) == {"keys": [signer.jwk]}
    assert answer.headers["content-type"] == "application/jwk-set+json"
    assert answer.headers["cache-control"] == "public, max-age=300"


async def test_a_command_that_was_never_issued_is_not_found(served: Served, bearer: dict[str, str]) -> None:
    path = "/v1/commands/01936b2e-7c00-7000-8000-000000000001"
    assert (await served.ask("GET", path)).code == "not-found"
    assert (await served.ask("GET", path, headers=bearer)).code == "not-found"
