"""The feed over HTTP: pulled, and streamed, each with what the caller may see and nothing else."""

import asyncio
import json
from typing import Any

import pytest

from tests.eventually import eventually
from tests.integration.gateway.event_reader import read_events
from tests.unit.gateway.serving import Served

TASKS = "tasks.*"


async def create(served: Served, who: dict[str, str], title: str) -> dict[str, Any]:
    created = await served.ask("POST", "/v1/tasks", json={"title": title}, headers=who)
    assert created.status == 201, created.body
    task: dict[str, Any] = created.json
    return task


async def pull(served: Served, who: dict[str, str], query: str = "") -> dict[str, Any]:
    answer = await served.ask("GET", f"/v1/events?types={TASKS}{query}", headers=who)
    assert answer.status == 200, answer.body
    page: dict[str, Any] = answer.json
    return page


async def pull_all(served: Served, who: dict[str, str], count: int) -> list[dict[str, Any]]:
    async def enough() -> list[dict[str, Any]] | None:
        items: list[dict[str, Any]] = (await pull(served, who))["items"]
        return items if len(items) >= count else None

    return await eventually(enough)


async def test_events_are_pulled_page_by_page(served: Served, ada: dict[str, str]) -> None:
    ids = [(await create(served, ada, f"task {number}"))["id"] for number in range(5)]
    whole = await pull_all(served, ada, 5)
    assert [event["data"]["task"]["id"] for event in whole] == ids
    assert [event["position"] for event in whole] == sorted(event["position"] for event in whole)
    first = await pull(served, ada, "&limit=3")
    assert (first["items"], first["page"]["has_more"]) == (whole[:3], True)
    second = await pull(served, ada, f"&limit=3&after={first['page']['next_cursor']}")
    assert (second["items"], second["page"]["has_more"]) == (whole[3:], False)
    third = await pull(served, ada, f"&after={second['page']['next_cursor']}")
    assert (third["items"], third["page"]["next_cursor"]) == ([], second["page"]["next_cursor"])


async def test_a_pull_waits_for_what_comes(served: Served, ada: dict[str, str]) -> None:
    latest = (await pull(served, ada, "&after=latest"))["page"]["next_cursor"]
    waiting = asyncio.create_task(pull(served, ada, f"&after={latest}&wait=10"))
    task = await create(served, ada, "later")
    assert [event["data"]["task"]["id"] for event in (await waiting)["items"]] == [task["id"]]


async def test_nobody_pulls_what_is_not_for_him(served: Served, ada: dict[str, str], grace: dict[str, str]) -> None:
    await create(served, ada, "private")
    assert len(await pull_all(served, ada, 1)) == 1
    assert (await pull(served, grace))["items"] == []


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("after=9000000000", 400, "invalid-cursor"),
        ("after=-1", 400, "invalid-parameter"),
        ("after=soon", 400, "invalid-parameter"),
        ("types=TASKS", 400, "invalid-parameter"),
        ("limit=501", 400, "invalid-parameter"),
        ("wait=31", 400, "invalid-parameter"),
        ("since=1", 400, "unknown-parameter"),
    ],
)
async def test_what_cannot_be_pulled(served: Served, ada: dict[str, str], query: str, status: int, code: str) -> None:
    answer = await served.ask("GET", f"/v1/events?{query}", headers=ada)
    assert (answer.status, answer.code) == (status, code)


async def test_a_stream_tells_what_happens(served: Served, ada: dict[str, str], grace: dict[str, str]) -> None:
    async with (
        read_events(served, f"?types={TASKS}", **ada) as mine,
        read_events(served, f"?types={TASKS}", **grace) as hers,
    ):
        assert mine.response.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        assert mine.response.headers["Cache-Control"] == "no-store"
        task = await create(served, ada, "live")
        [frame] = await mine.take(1)
        assert frame.event == "tasks.task_created.v1"
        event = json.loads(frame.data)
        assert (event["position"], event["data"]["task"]["id"]) == (frame.id, task["id"])
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await hers.next()


async def test_a_stream_goes_on_where_the_last_one_ended(served: Served, ada: dict[str, str]) -> None:
    for number in range(4):
        await create(served, ada, f"task {number}")
    events = await pull_all(served, ada, 4)
    headers = ada | {"Last-Event-ID": events[1]["position"]}
    async with read_events(served, f"?types={TASKS}", **headers) as reader:
        await create(served, ada, "task 4")
        frames = await reader.take(3)
    assert [json.loads(frame.data)["data"]["task"]["title"] for frame in frames] == ["task 2", "task 3", "task 4"]


async def test_a_position_that_the_feed_does_not_have_starts_over(served: Served, ada: dict[str, str]) -> None:
    async with read_events(served, **ada, **{"Last-Event-ID": "9000000000"}) as reader:
        [frame] = await reader.take(1)
        assert (frame.event, json.loads(frame.data)) == ("reset", {"snapshot": "/v1/tasks"})
    answer = await served.ask("GET", "/v1/events/stream", headers=ada | {"Last-Event-ID": "x"})
    assert (answer.status, answer.code) == (400, "invalid-parameter")


async def test_a_ticket_opens_one_stream(served: Served, ada: dict[str, str]) -> None:
    ticket = (await served.ask("POST", "/v1/events/tickets", headers=ada)).json["ticket"]
    async with read_events(served, f"?ticket={ticket}&types={TASKS}") as reader:
        assert reader.response.status == 200
        task = await create(served, ada, "for the browser")
        [frame] = await reader.take(1)
        assert json.loads(frame.data)["data"]["task"]["id"] == task["id"]
    again = await served.ask("GET", f"/v1/events/stream?ticket={ticket}")
    assert (again.status, again.code) == (401, "invalid-token")
    changed = await served.ask("GET", f"/v1/events/stream?ticket=A{ticket[1:]}")
    assert (changed.status, changed.code) == (401, "invalid-token")
    assert (await served.ask("GET", "/v1/events/stream")).code == "unauthenticated"
    by_query = await served.ask("GET", f"/v1/events/stream?access_token={ada['Authorization'][7:]}")
    assert by_query.code == "unknown-parameter"


async def test_one_user_opens_five_streams(served: Served, ada: dict[str, str]) -> None:
    responses = [await served.session.get("/v1/events/stream", headers=ada) for _ in range(5)]
    sixth = await served.ask("GET", "/v1/events/stream", headers=ada)
    assert (sixth.status, sixth.code) == (429, "rate-limited")
    for response in responses:
        response.close()
