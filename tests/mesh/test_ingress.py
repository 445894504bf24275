"""What the VirtualService says of retries, weights and streams, in a real Envoy with stub gateways behind it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from tests.manifests.building import built
from tests.mesh.envoy import running_envoy
from tests.mesh.model import cluster, http_listener, ingress_filters, manager, routes

COMBINATION = "tests/manifests/combinations/canary-and-tokens"


@dataclass
class Stub:
    """Answers 503 to /failing, and on the path of events with a stream that lasts until it is over."""

    seen: Counter[str] = field(default_factory=Counter)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.seen[request.method] += 1
        if request.path != "/v1/events/stream":
            return web.Response(status=503 if request.path == "/failing" else 200)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b"data: first\n\n")
        await self.over.wait()
        return response


@dataclass
class Ingress:
    http: aiohttp.ClientSession
    stable: Stub
    canary: Stub

    async def status(self, method: str, path: str, **headers: str) -> int:
        async with self.http.request(method, path, headers=headers) as response:
            await response.read()
            return response.status

    @property
    def tries(self) -> int:
        return self.stable.seen.total() + self.canary.seen.total()


async def _serve(stack: AsyncExitStack, stub: Stub) -> tuple[str, int]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", stub.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    return host, port


@pytest.fixture
async def ingress(places: Iterator[str], tmp_path: Path) -> AsyncIterator[Ingress]:
    manifests, stable, canary = built(COMBINATION), Stub(), Stub()
    at = (next(places), 8080)
    async with AsyncExitStack() as stack:
        behind = [
            cluster("stable", [await _serve(stack, stable)]),
            cluster("canary", [await _serve(stack, canary)]),
        ]
        listener = http_listener("ingress", at, manager("ingress", routes(manifests), ingress_filters(manifests)))
        await stack.enter_async_context(running_envoy(tmp_path, "ingress", [listener], behind))
        http = await stack.enter_async_context(aiohttp.ClientSession(f"http://{at[0]}:{at[1]}"))
        yield Ingress(http, stable, canary)
        stable.over.set()
        canary.over.set()


@pytest.mark.parametrize(
    ("method", "headers", "tries"),
    [("GET", {}, 3), ("POST", {}, 1), ("PATCH", {}, 1), ("DELETE", {}, 1), ("POST", {"Idempotency-Key": "k"}, 3)],
)
async def test_only_what_may_happen_twice_is_tried_again(
    ingress: Ingress, method: str, headers: dict[str, str], tries: int
) -> None:
    assert await ingress.status(method, "/failing", **headers) == 503
    assert ingress.tries == tries


async def test_one_in_ten_requests_goes_to_the_canary(ingress: Ingress) -> None:
    for _ in range(400):
        assert await ingress.status("GET", "/v1/tasks") == 200
    assert ingress.tries == 400
    assert 15 <= ingress.canary.seen.total() <= 75  # 40 are expected; beyond this lies one run in a million


async def test_a_stream_arrives_while_it_is_open(ingress: Ingress) -> None:
    async with ingress.http.get("/v1/events/stream") as response, asyncio.timeout(5):
        assert await response.content.readline() == b"data: first\n"
