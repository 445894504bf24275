"""The gateway on a real broker, with the three workers behind it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import aiohttp
import pytest

from chassis.worker import Worker
from gateway.app import build
from tests.conftest import Addresses, Keys
from tests.eventually import eventually
from tests.unit.gateway.serving import Served, nothing_undeclared, settings_of

LogIn = Callable[[str], Awaitable[dict[str, str]]]
ADA = {"username": "ada", "email": "ada@example.org", "password": "Analytical-Engine-1843"}


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
def log_in(served: Served) -> LogIn:
    """Registers somebody: the header that says who he is."""

    async def log_in(username: str) -> dict[str, str]:
        account = {"username": username, "email": f"{username}@example.org", "password": ADA["password"]}
        registered = await served.ask("POST", "/v1/auth/register", json=account)
        assert registered.status == 201, registered.body
        body = {"username": username.upper(), "password": ADA["password"]}
        tokens = await served.ask("POST", "/v1/auth/login", json=body)
        assert tokens.status == 200, tokens.body
        return {"Authorization": f"Bearer {tokens.json['access_token']}"}

    return log_in


@pytest.fixture
async def ada(log_in: LogIn) -> dict[str, str]:
    return await log_in("ada")


@pytest.fixture
async def grace(log_in: LogIn) -> dict[str, str]:
    return await log_in("grace")


@pytest.fixture(autouse=True)
def declared() -> Iterator[None]:
    with nothing_undeclared():
        yield
