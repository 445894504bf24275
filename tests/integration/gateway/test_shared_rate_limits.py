"""Limits that replicas share, in a real Redis: exact, whoever counts."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from chassis.errors import Refusal, Unavailable
from gateway.app import build
from gateway.rate_limits import LOGIN, USER, RateLimits
from tests.redis_server import NoRedisError, find, run_redis
from tests.unit.gateway.serving import settings_of

RATES = {LOGIN: "5/day", USER: "20/day"}


@pytest.fixture
async def redis_url(scratch: Path, request: pytest.FixtureRequest) -> AsyncIterator[str]:
    try:
        await asyncio.to_thread(find)
    except NoRedisError as reason:
        pytest.skip(str(reason))
    async with run_redis(scratch / f"redis-{request.node.name}") as url:
        yield url


@asynccontextmanager
async def counting(url: str) -> AsyncIterator[RateLimits]:
    limits = RateLimits(RATES, url)
    try:
        yield limits
    finally:
        await limits.close()


async def is_allowed(limits: RateLimits) -> bool:
    try:
        await limits.hit(USER, "ada")
    except Refusal:
        return False
    return True


async def test_two_replicas_count_as_one(redis_url: str) -> None:
    async with counting(redis_url) as one, counting(redis_url) as other:
        allowed = await asyncio.gather(*(is_allowed(limits) for limits in (one, other) * 30))
        assert Counter(allowed) == {True: 20, False: 40}
        standings = [await limits.standing(USER, "ada") for limits in (one, other)]
        assert [standing and standing.remaining for standing in standings] == [0, 0]


async def test_two_gateways_count_a_name_together(redis_url: str) -> None:
    settings = settings_of(rate_limits="on", rate_limit_storage_url=redis_url)
    async with AsyncExitStack() as stack:
        sessions = []
        for _ in range(2):
            gateway = await stack.enter_async_context(build(settings))
            url = f"http://127.0.0.1:{gateway.runner.addresses[0][1]}"
            sessions.append(await stack.enter_async_context(aiohttp.ClientSession(url)))

        async def log_in(session: aiohttp.ClientSession, name: str) -> tuple[int, str | None]:
            body = {"username": name, "password": "wrong"}
            async with session.post("/v1/auth/login", json=body) as response:
                return response.status, response.headers.get("Retry-After")

        answers = await asyncio.gather(*(log_in(sessions[n % 2], "ada") for n in range(12)))
        # 503, because no broker is there: they were let through.
        assert Counter(status for status, _ in answers) == {503: 5, 429: 7}
        assert all(retry_after for status, retry_after in answers if status == 429)
        assert [(await log_in(session, "eve"))[0] for session in sessions] == [503, 503]


async def test_a_redis_that_dies_closes_what_guards_credentials(scratch: Path, redis_url: str) -> None:
    assert redis_url
    async with AsyncExitStack() as redis:
        url = await redis.enter_async_context(run_redis(scratch / "dying"))
        async with counting(url) as limits:
            assert await limits.hit(LOGIN, "ada") is not None
            await redis.aclose()
            assert await limits.hit(USER, "ada") is None
            with pytest.raises(Unavailable):
                await limits.hit(LOGIN, "ada")


async def test_no_name_is_readable_in_redis(redis_url: str) -> None:
    settings = settings_of(rate_limits="on", rate_limit_storage_url=redis_url)
    async with build(settings) as gateway:
        url = f"http://127.0.0.1:{gateway.runner.addresses[0][1]}"
        async with aiohttp.ClientSession(url) as session:
            body = {"username": "canary-name", "password": "wrong"}
            async with session.post("/v1/auth/login", json=body) as response:
                assert response.status == 503
    host, port = redis_url.removeprefix("redis://").removesuffix("/0").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"KEYS *\r\nQUIT\r\n")
    keys = await reader.read()
    writer.close()
    assert b"login" in keys
    assert b"canary-name" not in keys
