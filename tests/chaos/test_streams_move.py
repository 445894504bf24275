"""Two gateways: a stream that one of them cuts off goes on at the other, with nothing missing and nothing twice."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from ops.ports import free_port
from tests.integration.gateway.event_reader import EventReader, Frame
from tests.running import Running

TASKS = "/v1/events/stream?types=tasks.*"


async def start_other_gateway(running: Running) -> str:
    port = free_port()
    await running.start("gateway", replica="gateway-2", HTTP_PORT=str(port))
    return f"http://127.0.0.1:{port}"


async def create(running: Running, url: str, token: str, title: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    async with running.http.post(f"{url}/v1/tasks", json={"title": title}, headers=headers) as response:
        assert response.status == 201, await response.text()


@asynccontextmanager
async def stream(running: Running, url: str, token: str, last: str | None = None) -> AsyncIterator[EventReader]:
    headers = {"Authorization": f"Bearer {token}"} | ({"Last-Event-ID": last} if last else {})
    async with running.http.get(f"{url}{TASKS}", headers=headers, timeout=aiohttp.ClientTimeout(30)) as response:
        assert response.status == 200, await response.text()
        yield EventReader(response)


def title_of(frame: Frame) -> str:
    return str(json.loads(frame.data)["data"]["task"]["title"])


async def test_a_stream_goes_on_at_another_gateway_when_the_first_is_killed(running: Running) -> None:
    token, other = await running.register("ada"), await start_other_gateway(running)
    wanted = [f"task {number}" for number in range(30)]
    seen: list[Frame] = []
    making = asyncio.create_task(_create_all(running, other, token, wanted))
    try:
        async with stream(running, running.url, token) as reader:
            while len(seen) < 10 and (frame := await reader.next()) is not None:
                seen.append(frame)
            running.kill("gateway")
            while (frame := await reader.next()) is not None:
                seen.append(frame)
    except aiohttp.ClientPayloadError:
        pass  # the connection broke in the middle of a chunk
    async with stream(running, other, token, seen[-1].id) as reader:
        seen += await reader.take(len(wanted) - len(seen))
    await making
    assert [title_of(frame) for frame in seen] == wanted
    positions = [int(frame.id or 0) for frame in seen]
    assert positions == sorted(set(positions))


async def _create_all(running: Running, url: str, token: str, titles: list[str]) -> None:
    for title in titles:
        await create(running, url, token, title)


async def test_a_gateway_that_is_told_to_stop_says_bye(running: Running) -> None:
    token = await running.register("ada")
    async with stream(running, running.url, token) as reader:
        await create(running, running.url, token, "before")
        [last] = await reader.take(1)
        stopping = asyncio.create_task(running.services["gateway"].stop())
        lines = [line async for line in reader.response.content if line.strip()]
        await stopping
    assert [line.partition(b":")[0] for line in lines] == [b"retry", b"event", b"data"]
    assert 1000 <= int(lines[0].partition(b": ")[2]) <= 5000
    assert lines[1] == b"event: bye\n"
    await running.start("gateway")
    await create(running, running.url, token, "after")
    async with stream(running, running.url, token, last.id) as reader:
        assert [title_of(frame) for frame in await reader.take(1)] == ["after"]
