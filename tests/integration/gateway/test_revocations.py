"""What has ended is refused by every gateway, whenever it started."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import aiohttp
from prometheus_client import generate_latest
from uuid_utils.compat import uuid7

from chassis.broker import Outgoing, open_broker
from chassis.topology import EVENTS
from gateway.app import build
from tests.conftest import Addresses, Keys
from tests.eventually import eventually
from tests.integration.gateway.conftest import ADA
from tests.integration.gateway.event_reader import EventReader, read_events
from tests.unit.gateway.serving import Served, settings_of


@asynccontextmanager
async def another_gateway(addresses: Addresses, keys: Keys) -> AsyncIterator[Served]:
    settings = settings_of(amqp_url=addresses.amqp_url("gateway"), auth_sealing_key=keys.auth_sealing_key)
    async with build(settings) as gateway:
        port = gateway.runner.addresses[0][1]
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
            served = Served(port, session)
            await eventually(lambda: _is_ready(served))
            yield served


async def _is_ready(served: Served) -> bool:
    return (await served.ask("GET", "/readyz")).status == 200


async def _is_refused(served: Served, bearer: dict[str, str]) -> bool:
    answer = await served.ask("GET", "/v1/users/me", headers=bearer)
    return (answer.status, answer.status == 401 and answer.code) == (401, "invalid-token")


async def test_every_gateway_hears_within_a_second(
    served: Served, ada: dict[str, str], addresses: Addresses, keys: Keys
) -> None:
    async with another_gateway(addresses, keys) as other:
        assert (await other.ask("GET", "/v1/users/me", headers=ada)).status == 200
        assert (await served.ask("POST", "/v1/auth/logout", headers=ada)).status == 204
        started = time.perf_counter()
        for each in (served, other):
            await eventually(partial(_is_refused, each, ada), within=1)
        assert time.perf_counter() - started < 1


async def test_a_gateway_that_starts_later_knows_before_it_is_ready(
    served: Served, ada: dict[str, str], addresses: Addresses, keys: Keys
) -> None:
    token = await served.ask("POST", "/v1/auth/api-tokens", json={"name": "backup", "scopes": ["profile"]}, headers=ada)
    assert token.status == 201
    by_token = {"Authorization": f"Bearer {token.json['token']}"}
    assert (await served.ask("DELETE", token.headers["location"], headers=ada)).status == 204
    assert (await served.ask("POST", "/v1/auth/logout", headers=ada)).status == 204
    async with another_gateway(addresses, keys) as late:
        assert await _is_refused(late, ada)
        assert await _is_refused(late, by_token)


async def test_only_the_auth_worker_ends_sessions(served: Served, ada: dict[str, str], addresses: Addresses) -> None:
    [session] = (await served.ask("GET", "/v1/auth/sessions", headers=ada)).json["items"]
    async with open_broker(addresses.amqp_url("task_worker"), "task_worker") as broker:
        await eventually(lambda: broker.can_publish)
        forged = Outgoing(
            exchange=EVENTS,
            routing_key="auth.session_revoked.v1",
            body=b'{"session_id":"%b"}' % session["id"].encode(),
            message_id=str(uuid7()),
            type="auth.session_revoked.v1",
        )
        await broker.publish(forged)
    # One that is genuine, and behind it in the same queue.
    tokens = await served.ask("POST", "/v1/auth/login", json={"username": "ada", "password": ADA["password"]})
    other = {"Authorization": f"Bearer {tokens.json['access_token']}"}
    assert (await served.ask("POST", "/v1/auth/logout", headers=other)).status == 204
    await eventually(lambda: _is_refused(served, other))
    assert not await _is_refused(served, ada)


async def test_what_has_ended_reads_no_more_events(served: Served, ada: dict[str, str]) -> None:
    """H51, and a ticket that was issued before the end."""
    body = {"name": "backup", "scopes": ["events:read"]}
    token = await served.ask("POST", "/v1/auth/api-tokens", json=body, headers=ada)
    by_token = {"Authorization": f"Bearer {token.json['token']}"}
    tickets = [
        (await served.ask("POST", "/v1/events/tickets", headers=each)).json["ticket"] for each in (ada, by_token)
    ]
    async with read_events(served, "?types=tasks.*", **ada) as mine, read_events(served, **by_token) as its:
        polled = asyncio.create_task(served.ask("GET", "/v1/events?types=tasks.*&after=0&wait=30", headers=ada))
        await eventually(lambda: _listeners(3))
        assert (await served.ask("DELETE", token.headers["location"], headers=ada)).status == 204
        assert await ends_with(its) == "reauth"
        assert (await served.ask("POST", "/v1/auth/logout", headers=ada)).status == 204
        assert await ends_with(mine) == "reauth"
    assert (await polled).code == "invalid-token"
    for ticket in tickets:
        assert (await served.ask("GET", f"/v1/events/stream?ticket={ticket}")).code == "invalid-token"


async def _listeners(count: int) -> bool:
    return f"taskmesh_event_streams {count}.0" in generate_latest().decode()


async def ends_with(reader: EventReader) -> str:
    """The last event of a stream."""
    last = ""
    while (frame := await reader.next()) is not None:
        last = frame.event
    return last
