"""Every secret that a person sends or is given is looked for in all that this system writes about what it does."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from ops.ports import free_port
from tests.conftest import Addresses, Keys
from tests.eventually import eventually
from tests.running import Running, run_services

FIRST, SECOND, THIRD, WRONG = (f"Canary-{word}-Word-4711" for word in ("First", "Second", "Third", "Wrong"))
SERVICES = ("gateway", "auth_worker", "notifier", "task_worker")


@asynccontextmanager
async def collector() -> AsyncIterator[tuple[str, list[bytes]]]:
    """Takes traces as an OpenTelemetry collector does: its address, and what it was sent."""
    taken: list[bytes] = []

    async def take(request: web.Request) -> web.Response:
        taken.append(await request.read())
        return web.Response()

    app = web.Application()
    app.router.add_post("/v1/traces", take)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield f"http://127.0.0.1:{port}", taken
    finally:
        await runner.cleanup()


class Visit:
    """One person who does everything that has to do with a secret."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self.secrets = [FIRST, SECOND, THIRD, WRONG]

    async def ask(
        self,
        method: str,
        path: str,
        expected: int,
        *,
        bearer: str = "",
        body: dict[str, Any] | None = None,
        **more: Any,
    ) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        async with self._running.http.request(method, path, json=body or more, headers=headers) as response:
            assert response.status == expected, await response.text()
            told = await response.json() if response.content_type.endswith("json") else {}
        self.secrets += [told[name] for name in ("access_token", "refresh_token", "token") if name in told]
        return dict(told)

    async def mailed_token(self, subject: str) -> str:
        async with aiohttp.ClientSession(self._running.mail_url) as mail:

            async def find() -> str | None:
                async with mail.get("/api/v1/messages") as response:
                    found = [each for each in (await response.json())["messages"] if each["Subject"] == subject]
                if not found:
                    return None
                async with mail.get(f"/api/v1/message/{found[0]['ID']}") as response:
                    match = re.search(r'"token": "([\w-]{43})"', (await response.json())["Text"])
                    return match and match[1]

            token = await eventually(find)
        self.secrets.append(token)
        return token

    async def run(self) -> None:
        await self.ask("POST", "/v1/auth/register", 201, username="marker", email="m@example.org", password=FIRST)
        await self.ask("POST", "/v1/auth/password-strength", 200, password=SECOND)
        token = await self.mailed_token("Confirm your e-mail address for Taskmesh")
        await self.ask("POST", "/v1/notifications/verify", 204, body={"token": token})
        await self.ask("POST", "/v1/auth/login", 401, username="marker", password=WRONG)
        tokens = await self.ask("POST", "/v1/auth/login", 200, username="marker", password=FIRST)
        tokens = await self.ask("POST", "/v1/auth/refresh", 200, refresh_token=tokens["refresh_token"])
        access = tokens["access_token"]
        await self.ask("POST", "/v1/auth/api-tokens", 201, bearer=access, name="ci", scopes=["profile"])
        await self.ask("POST", "/v1/auth/login", 422, username="marker", password=WRONG, extra=WRONG)
        await self.ask(
            "PATCH", "/v1/users/me/change-password", 204, bearer=access, current_password=FIRST, new_password=SECOND
        )
        await self.ask("POST", "/v1/auth/password-reset/request", 202, email="m@example.org")
        reset = await self.mailed_token("Reset your Taskmesh password")
        proof = {"token": reset, "new_password": THIRD}
        await self.ask("POST", "/v1/auth/password-reset/verify", 204, body=proof)


async def metrics_of(running: Running, service: str) -> bytes:
    port = running.services[service].health_port
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/metrics") as response:
        return await response.read()


def files_with(folder: Path, pattern: str, secret: str) -> Iterator[str]:
    for file in sorted(folder.rglob(pattern)):
        if file.is_file() and secret.encode() in file.read_bytes():
            yield str(file.relative_to(folder))


async def test_no_secret_is_in_a_log_metric_trace_or_file(addresses: Addresses, keys: Keys, scratch: Path) -> None:
    folder = scratch / "secrets-told"
    async with collector() as (endpoint, traces):
        told = {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "TRACE_SAMPLE_RATIO": "1", "LOG_LEVEL": "debug"}
        async with run_services(addresses, keys, folder, extra=dict.fromkeys(SERVICES, told)) as running:
            visit = Visit(running)
            await visit.run()
            metrics = [await metrics_of(running, service) for service in SERVICES]
            # What waits in a queue when its worker is away rests on the broker's disk, and then among the expired.
            await running.services["auth_worker"].stop()
            body = {"username": "marker", "password": WRONG}
            async with running.http.post("/v1/auth/login", json=body, headers={"Prefer": "wait=1"}) as response:
                assert response.status == 504
    assert len(visit.secrets) == len({*visit.secrets}) == 11
    assert any(b"auth/login" in trace for trace in traces), "the traces did not arrive"
    assert any(files_with(folder, "*.log", "password-reset")), "the search finds nothing that is there"
    for secret in visit.secrets:
        assert [*files_with(folder, "*.log", secret)] == []
        assert [*files_with(addresses.rabbitmq.folder, "*", secret)] == []
        assert [*files_with(addresses.postgres.folder, "*", secret)] == []
        assert not any(secret.encode() in each for each in (*metrics, *traces))
