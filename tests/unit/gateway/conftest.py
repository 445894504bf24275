"""A gateway that really serves, on a loopback port, while the broker is away."""

from collections.abc import AsyncIterator, Callable, Iterator

import aiohttp
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric import ec

from chassis.tracing import set_up_tracing
from gateway.app import build
from gateway.settings import Settings
from gateway.state import KEYS
from tests.unit.gateway.serving import Served, Signer, nothing_undeclared, settings_of


@pytest.fixture(scope="session")
def signer() -> Signer:
    return Signer(ec.generate_private_key(ec.SECP256R1()))


@pytest.fixture
def bearer(signer: Signer) -> dict[str, str]:
    return {"Authorization": f"Bearer {signer.token()}"}


@pytest.fixture(scope="session")
def make_settings() -> Callable[..., Settings]:
    return settings_of


@pytest_asyncio.fixture(scope="session")
async def served(signer: Signer) -> AsyncIterator[Served]:
    settings = settings_of(cors_origins="https://app.example")
    set_up_tracing(settings, "gateway")
    async with build(settings) as gateway:
        gateway.runner.app[KEYS].learn([signer.jwk])
        port = gateway.runner.addresses[0][1]
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
            yield Served(port, session)


@pytest.fixture(autouse=True)
def declared() -> Iterator[None]:
    with nothing_undeclared():
        yield
