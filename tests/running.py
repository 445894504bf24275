"""The four services as processes of their own, on the servers and the database of one test."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from ops.errors import OpsError
from ops.ports import free_port
from ops.service import Service
from ops.state import ROOT
from ops.wiring import niceness
from tests.conftest import Addresses, Keys

PASSWORD = "Analytical-Engine-1843"


@dataclass
class Running:
    addresses: Addresses
    folder: Path
    url: str
    mail_url: str
    http: aiohttp.ClientSession
    environments: dict[str, dict[str, str]]
    services: dict[str, Service] = field(default_factory=dict)

    async def start(self, name: str, *, replica: str | None = None, **extra: str) -> None:
        """`replica` is a name for another process of the same service."""
        await self._service(name, replica or name, extra).start()

    async def start_dying(self, name: str, **extra: str) -> None:
        """Of a service that may be dead before it is ready."""
        with suppress(OpsError):
            await self._service(name, name, extra).start()

    def _service(self, name: str, key: str, extra: Mapping[str, str]) -> Service:
        environment = {**self.environments[name], "HEALTH_PORT": str(free_port()), **extra}
        service = Service(
            key,
            name if name != "mail" else "ops.mail_sink",
            environment,
            self.folder / f"{key}.log",
            int(environment["HEALTH_PORT"]) if name != "mail" else int(environment["HTTP_PORT"]),
            lambda: None,
            niceness(name),
        )
        self.services[key] = service
        return service

    def kill(self, name: str) -> None:
        pid = self.services[name].pid
        assert pid is not None, f"{name} does not run"
        os.kill(pid, signal.SIGKILL)

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()

    async def register(self, username: str) -> str:
        """Returns a bearer token."""
        body = {"username": username, "email": f"{username}@example.org", "password": PASSWORD}
        async with self.http.post("/v1/auth/register", json=body) as response:
            assert response.status == 201, await response.text()
        async with self.http.post("/v1/auth/login", json={"username": username, "password": PASSWORD}) as response:
            assert response.status == 200, await response.text()
            return str((await response.json())["access_token"])


def _environments(addresses: Addresses, keys: Keys, folder: Path) -> tuple[dict[str, dict[str, str]], str, str]:
    http, smtp, mail = free_port(), free_port(), free_port()
    url = f"http://127.0.0.1:{http}"
    base = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "ENVIRONMENT": "test",
        "PUBLIC_URL": url,
        "HEALTH_HOST": "127.0.0.1",
    }

    def worker(name: str, **more: str) -> dict[str, str]:
        return {**base, "AMQP_URL": addresses.amqp_url(name), "DATABASE_URL": addresses.database_url(name), **more}

    environments = {
        "mail": {**base, "MAIL_FOLDER": str(folder / "mail"), "SMTP_PORT": str(smtp), "HTTP_PORT": str(mail)},
        "auth_worker": worker(
            "auth_worker",
            SEALING_KEYS=keys.auth_worker,
            NOTIFIER_SEALING_KEY=keys.notifier_sealing_key,
            ARGON2_MEMORY="1024",
            ARGON2_PASSES="1",
        ),
        "task_worker": worker("task_worker", OBJECT_STORAGE_URL=f"file://{folder}/files"),
        "notifier": worker("notifier", SEALING_KEYS=keys.notifier, SMTP_URL=f"smtp://127.0.0.1:{smtp}"),
        "gateway": {
            **base,
            "AMQP_URL": addresses.amqp_url("gateway"),
            "HTTP_HOST": "127.0.0.1",
            "HTTP_PORT": str(http),
            "GATEWAY_SECRET": "0" * 64,
            "AUTH_SEALING_KEY": keys.auth_sealing_key,
            "NOTIFIER_SEALING_KEY": keys.notifier_sealing_key,
            "RATE_LIMITS": "off",
            "OBJECT_STORAGE_URL": f"file://{folder}/files",
        },
    }
    return environments, url, f"http://127.0.0.1:{mail}"


@asynccontextmanager
async def run_services(
    addresses: Addresses, keys: Keys, folder: Path, *, extra: Mapping[str, Mapping[str, str]] | None = None
) -> AsyncIterator[Running]:
    """`extra` adds to the environment of a service, by its name."""
    environments, url, mail_url = _environments(addresses, keys, folder)
    for name, more in (extra or {}).items():
        environments[name].update(more)
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession(url, connector=aiohttp.TCPConnector(limit=0)))
        running = Running(addresses, folder, url, mail_url, http, environments)
        try:
            async with asyncio.TaskGroup() as starting:
                for name in ("mail", "auth_worker", "task_worker", "notifier", "gateway"):
                    starting.create_task(running.start(name))
            yield running
        finally:
            await asyncio.gather(*(service.stop() for service in running.services.values()))
            for service in running.services.values():
                # pytest shows it when the test fails.
                sys.stdout.write(f"--- {service.name}\n{service.log.read_text()[-4000:]}\n")
