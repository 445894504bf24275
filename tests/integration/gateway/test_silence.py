"""The broker is there, and nobody answers any more."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

import auth_worker.app
import auth_worker.settings
from gateway.app import build
from gateway.state import KEYS, REVOCATIONS
from tests.conftest import Addresses
from tests.eventually import eventually
from tests.unit.gateway.serving import Served, Signer, settings_of


@pytest.fixture
def signer() -> Signer:
    return Signer(ec.generate_private_key(ec.SECP256R1()))


@pytest.fixture
async def alone(
    addresses: Addresses, auth_worker_settings: auth_worker.settings.Settings, signer: Signer
) -> AsyncIterator[Served]:
    async with build(settings_of(amqp_url=addresses.amqp_url("gateway"), request_timeout=1)) as gateway:
        async with auth_worker.app.build(auth_worker_settings) as worker:
            await eventually(lambda: gateway.runner.app[REVOCATIONS].current)
            await worker.drain()
        gateway.runner.app[KEYS].learn([signer.jwk])
        port = gateway.runner.addresses[0][1]
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
            yield Served(port, session)


async def test_the_outcome_of_a_command_is_unknown_and_of_a_query_is_not(alone: Served, signer: Signer) -> None:
    bearer = {"Authorization": f"Bearer {signer.token()}"}
    command = await alone.ask("POST", "/v1/tasks", json={"title": "a"}, headers=bearer)
    assert (command.status, command.code) == (504, "outcome-unknown")
    assert command.headers["location"] == f"/v1/commands/{command.json['command_id']}"
    query = await alone.ask("GET", "/v1/tasks", headers=bearer)
    assert (query.status, query.code) == (504, "deadline-exceeded")


async def test_a_command_in_the_background_waits_for_a_worker(alone: Served, signer: Signer) -> None:
    """A10: nobody awaits it at an address, and it is asked for by its id"""
    bearer = {"Authorization": f"Bearer {signer.token()}", "Prefer": "respond-async"}
    accepted = await alone.ask("POST", "/v1/tasks", json={"title": "a"}, headers=bearer)
    assert accepted.status == 202
