"""/livez, /readyz and /metrics of every service, on a port of their own."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

from aiohttp import web
from prometheus_client import REGISTRY
from prometheus_client.exposition import choose_encoder

from chassis import metrics

Checks = Mapping[str, Callable[[], Awaitable[bool]]]

_MEASURE_EVERY = 1.0  # seconds


class Health:
    """Alive while the event loop turns; ready while every dependency answers and nobody has asked to stop."""

    def __init__(self, checks: Checks) -> None:
        self._checks = checks
        self.stopping = False

    async def report(self) -> tuple[bool, dict[str, str]]:
        names = list(self._checks)
        answers = await asyncio.gather(*(self._checks[name]() for name in names))
        report = {name: "ok" if answer else "away" for name, answer in zip(names, answers, strict=True)}
        if self.stopping:
            report["service"] = "stopping"
        return all(answers) and not self.stopping, report

    async def livez(self, _: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def readyz(self, _: web.Request) -> web.Response:
        ready, checks = await self.report()
        return web.json_response(
            {"status": "ok" if ready else "unready", "checks": checks}, status=200 if ready else 503
        )


async def _metrics(request: web.Request) -> web.Response:
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    # In a thread, because it takes milliseconds.
    body = await asyncio.to_thread(encode, REGISTRY)
    return web.Response(body=body, headers={"Content-Type": content_type})


async def _measure_event_loop() -> None:
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + _MEASURE_EVERY
        await asyncio.sleep(_MEASURE_EVERY)
        metrics.EVENT_LOOP_LAG.set(max(0.0, loop.time() - due))
        metrics.EVENT_LOOP_TASKS.set(len(asyncio.all_tasks()))


@asynccontextmanager
async def serve_health(checks: Checks, *, host: str, port: int) -> AsyncIterator[Health]:
    health = Health(checks)
    app = web.Application()
    app.add_routes([web.get("/livez", health.livez), web.get("/readyz", health.readyz), web.get("/metrics", _metrics)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, host, port).start()
    measuring = asyncio.create_task(_measure_event_loop())
    try:
        yield health
    finally:
        measuring.cancel()
        await runner.cleanup()
