"""As many wait for an answer as may: everybody else is refused before anything is spent on him."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import aiohttp
import pytest
from prometheus_client import REGISTRY

from contracts.identity import PASSWORDS
from gateway import refusals, server
from gateway.app import build
from gateway.door import Door
from gateway.response_headers import SECURITY
from gateway.state import REQUESTS
from tests.unit.gateway.serving import Answer, Served, settings_of


@dataclass(frozen=True)
class Full(Served):
    """A gateway with one place, which is taken."""

    at_once: list[bytes]
    """What was answered without aiohttp's way of doing so."""

    async def refused(self, method: str, **options: Any) -> Answer:
        answer = await self.ask(method, "/v1/tasks", **options)
        assert answer.status == 503
        return answer


def refused(method: str) -> float:
    labels = {"http_request_method": method, "http_route": "refused", "http_response_status_code": "503"}
    return REGISTRY.get_sample_value("http_server_request_duration_seconds_count", labels) or 0.0


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    at_once: list[bytes] = []
    plainly_refused = refusals.plainly_refused

    def watched(*arguments: object) -> bytes | None:
        answer = plainly_refused(*arguments)  # type: ignore[arg-type]
        if answer:
            at_once.append(answer)
        return answer

    monkeypatch.setattr(server, "plainly_refused", watched)
    return at_once


@pytest.fixture
async def full(at_once: list[bytes]) -> AsyncIterator[Full]:
    async with build(settings_of(max_pending=1)) as gateway:
        port = gateway.runner.addresses[0][1]
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
            full = Full(port, session, at_once)
            with gateway.runner.app[REQUESTS]._waiting.place(None, "tasks.queries"):
                yield full
            assert (await full.ask("GET", "/v1/tasks")).status == 401


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_who_finds_no_place_is_refused_at_the_door(full: Full, method: str) -> None:
    before = refused(method)
    answer = await full.refused(method, data=b"x" * 1_000_000)
    assert answer.code == "overloaded"
    assert answer.headers["retry-after"] in {"1", "2", "3"}
    assert UUID(answer.json["request_id"]).version == 7
    assert {(name.lower(), value) for name, value in SECURITY.items()} <= answer.headers.items()
    assert refused(method) == before + 1
    assert full.at_once == []


@pytest.mark.parametrize(
    ("method", "options"), [("GET", {}), ("DELETE", {}), ("POST", {"json": {"title": "small enough to come at once"}})]
)
async def test_a_plain_request_is_refused_at_once_and_with_the_same_words(
    full: Full, method: str, options: dict[str, Any]
) -> None:
    unusual = {"X-Request-Id": "ours", "Origin": "http://elsewhere.example"}
    usual = await full.refused(method, headers=unusual, **options)
    assert full.at_once == []
    before = refused(method)
    plain = await full.refused(method, headers={"X-Request-Id": "ours"}, **options)
    assert len(full.at_once) == 1
    assert refused(method) == before + 1
    assert plain.headers["retry-after"] in {"1", "2", "3"}
    own = {"date": "", "retry-after": ""}
    assert plain.headers | own == usual.headers | own
    assert plain.body == usual.body


@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("HEAD", {}),
        ("OPTIONS", {}),
        ("GET", {"headers": {"Origin": "http://elsewhere.example"}}),
        ("GET", {"headers": {"Connection": "close"}}),
    ],
)
async def test_what_is_unusual_takes_the_usual_way(full: Full, method: str, options: dict[str, Any]) -> None:
    await full.refused(method, **options)
    assert full.at_once == []


async def next_answer(reader: asyncio.StreamReader) -> tuple[int, Any]:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
    return int(head.split()[1]), json.loads(await reader.readexactly(length))


async def test_several_at_once_on_one_connection_are_refused_one_after_another(full: Full) -> None:
    request = b"GET /v1/tasks/%FF HTTP/1.1\r\nHost: x\r\n\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", full.port)
    for together in (1, 3, 1):
        writer.write(request * together)
        for _ in range(together):
            status, problem = await next_answer(reader)
            assert (status, problem["code"]) == (503, "overloaded")
    assert len(full.at_once) == 2
    writer.close()


async def test_where_passwords_find_no_place_others_do(at_once: list[bytes]) -> None:
    """Also behind one on its connection, whose body nobody has read."""
    request = b"POST /v1/auth/%s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    async with build(settings_of(max_pending_passwords=1)) as gateway:
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.runner.addresses[0][1])
        for taken, path, expected in (
            (True, b"login", 503),
            (True, b"refresh", 422),
            (True, b"login", 503),
            (False, b"login", 422),
        ):
            with gateway.runner.app[REQUESTS]._waiting.place(None, PASSWORDS) if taken else nullcontext():
                writer.write(request % path)
                status, problem = await next_answer(reader)
                assert status == expected, problem
        writer.close()
    assert len(at_once) == 2


async def test_one_whose_body_is_still_to_come_is_refused_the_usual_way(full: Full) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", full.port)
    writer.write(b"POST /v1/tasks HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{")
    assert (await next_answer(reader))[0] == 503
    assert full.at_once == []
    writer.close()


async def test_those_on_their_way_to_a_place_count() -> None:
    async with build(settings_of(max_pending=2)) as gateway:
        door = Door(gateway.runner.app[REQUESTS], {})
        seen = []
        for step in (door.enter, door.enter, None, None):
            if step:
                step()
            else:
                await asyncio.sleep(0)
            seen.append(door.is_closed_to("GET", "/v1/tasks"))
        assert seen == [False, True, True, False]
