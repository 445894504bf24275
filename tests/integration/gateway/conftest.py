"""The gateway on a real broker, with the three workers behind it."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import pytest

from chassis.worker import Worker
from gateway.app import build
from tests.conftest import Addresses, Keys
from tests.eventually import eventually
from tests.unit.gateway.serving import Served, nothing_undeclared, settings_of

Newcomer = Callable[[str], Awaitable[dict[str, str]]]
ADA = {"username": "ada", "email": "ada@example.org", "password": "Analytical-Engine-1843"}


async def log_in(served: Served) -> dict[str, Any]:
    """Ada's tokens, of another session each time."""
    body = {"username": "ada", "password": ADA["password"]}
    answer = await served.ask("POST", "/v1/auth/login", json=body, headers={"User-Agent": "curl/8"})
    assert answer.status == 200, answer.body
    tokens: dict[str, Any] = answer.json
    return tokens


def bearer(tokens: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens['access_token']}"}


async def events_of(superuser: asyncpg.Connection, kind: str) -> list[dict[str, Any]]:
    rows = await superuser.fetch("SELECT data FROM auth.event_log WHERE type = $1 ORDER BY occurred_at", kind)
    return [json.loads(row["data"]) for row in rows]


async def _ready(served: Served) -> bool:
    return (await served.ask("GET", "/readyz")).status == 200


@pytest.fixture
async def served(
    addresses: Addresses,
    keys: Keys,
    running_auth_worker: Worker,
    running_task_worker: Worker,
    running_notifier: Worker,
    scratch: Path,
) -> AsyncIterator[Served]:
    assert all((running_auth_worker, running_task_worker, running_notifier))
    settings = settings_of(
        amqp_url=addresses.amqp_url("gateway"),
        auth_sealing_key=keys.auth_sealing_key,
        notifier_sealing_key=keys.notifier_sealing_key,
        object_storage_url=f"file://{scratch}/files",
    )
    async with build(settings) as gateway:
        port = gateway.runner.addresses[0][1]
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
            served = Served(port, session)
            await eventually(lambda: _ready(served))
            yield served


@pytest.fixture
def newcomer(served: Served) -> Newcomer:
    """Registers somebody: the header that says who he is."""

    async def newcomer(username: str) -> dict[str, str]:
        account = {"username": username, "email": f"{username}@example.org", "password": ADA["password"]}
        registered = await served.ask("POST", "/v1/auth/register", json=account)
        assert registered.status == 201, registered.body
        body = {"username": username.upper(), "password": ADA["password"]}
        tokens = await served.ask("POST", "/v1/auth/login", json=body)
        assert tokens.status == 200, tokens.body
        return {"Authorization": f"Bearer {tokens.json['access_token']}"}

    return newcomer


@pytest.fixture
async def ada(newcomer: Newcomer) -> dict[str, str]:
    return await newcomer("ada")


@pytest.fixture
async def grace(newcomer: Newcomer) -> dict[str, str]:
    return await newcomer("grace")


@pytest.fixture(autouse=True)
def declared() -> Iterator[None]:
    with nothing_undeclared():
        yield
