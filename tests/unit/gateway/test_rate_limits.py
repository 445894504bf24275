import json
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from chassis.errors import Refusal, Unavailable
from gateway.app import build
from gateway.rate_limits import LOGIN, USER, RateLimits, hashed
from gateway.settings import Settings
from gateway.state import KEYS
from tests.unit.gateway.serving import Signer

LOGIN_BODY = {"username": "ada", "password": "wrong"}


async def test_what_is_used_up_is_refused_with_the_time_to_wait() -> None:
    limits = RateLimits({LOGIN: "2/15 minutes"})
    first, second = await limits.hit(LOGIN, "a"), await limits.hit(LOGIN, "a")
    assert first is not None
    assert second is not None
    assert (first.quota, first.window, first.remaining, second.remaining) == (2, 900, 1, 0)
    with pytest.raises(Refusal) as refusal:
        await limits.hit(LOGIN, "a")
    assert refusal.value.problem.type.code == "rate-limited"
    assert 1 <= int(refusal.value.problem.facts["retry_after"]) <= 900
    assert await limits.hit(LOGIN, "b") is not None


async def test_no_rates_no_limits() -> None:
    limits = RateLimits({})
    assert [await limits.hit(USER, "a") for _ in range(100)] == [None] * 100


async def test_without_a_storage_only_credentials_are_closed() -> None:
    limits = RateLimits({LOGIN: "5/minute", USER: "5/minute"}, "redis://127.0.0.1:1/0")
    assert await limits.hit(USER, "a") is None
    with pytest.raises(Unavailable) as unavailable:
        await limits.hit(LOGIN, "a")
    assert unavailable.value.problem.code == "service-unavailable"


def test_a_name_is_counted_however_it_is_written() -> None:
    assert hashed("Ada") == hashed("aDA") != hashed("eve")
    assert "ada" not in hashed("ada")


def test_production_has_limits(make_settings: Callable[..., Settings]) -> None:
    with pytest.raises(ValueError, match="RATE_LIMITS"):
        make_settings(environment="production", rate_limits="off")


def test_a_rate_is_a_rate(make_settings: Callable[..., Settings]) -> None:
    with pytest.raises(ValueError):
        make_settings(rate_limit_user="many")


def test_secrets_are_not_printed(make_settings: Callable[..., Settings]) -> None:
    settings: Settings = make_settings()
    assert "thirty-two" not in repr(settings)


@pytest.fixture
async def limited(make_settings: Callable[..., Settings], signer: Signer) -> Any:
    settings = make_settings(rate_limits="on", rate_limit_user="5/15 minutes", rate_limit_anonymous="3/15 minutes")
    async with build(settings) as gateway:
        gateway.runner.app[KEYS].learn([signer.jwk])
        port = gateway.runner.addresses[0][1]
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
            yield session


async def test_logins_are_counted_by_name_and_by_address(limited: aiohttp.ClientSession) -> None:
    """H37, pitfall F9"""
    statuses = []
    for _ in range(6):
        async with limited.post("/v1/auth/login", json=LOGIN_BODY) as response:
            statuses.append(response.status)
            headers = response.headers
    assert statuses == [503] * 5 + [429]
    assert headers["RateLimit-Policy"] == '"login-address";q=20;w=900, "login";q=5;w=900'
    assert '"login";r=0;t=' in headers["RateLimit"]
    assert int(headers["Retry-After"]) >= 1
    async with limited.post("/v1/auth/login", json=LOGIN_BODY | {"username": "eve"}) as response:
        assert response.status == 503


async def test_a_user_and_an_address_have_limits_of_their_own(limited: aiohttp.ClientSession, signer: Signer) -> None:
    """Pitfall F10"""
    bearer = {"Authorization": f"Bearer {signer.token()}"}
    statuses = [(await limited.get("/v1/tasks", headers=bearer)).status for _ in range(6)]
    assert statuses == [503] * 5 + [429]
    statuses = [(await limited.get("/v1/tasks")).status for _ in range(4)]
    assert statuses == [401] * 3 + [429]
    assert [(await limited.get("/livez")).status for _ in range(10)] == [200] * 10


async def test_what_remains_is_listed(limited: aiohttp.ClientSession, signer: Signer) -> None:
    bearer = {"Authorization": f"Bearer {signer.token()}"}
    async with limited.get("/v1/limits", headers=bearer) as response:
        items = {item["policy"]: item for item in json.loads(await response.read())["items"]}
    assert items.keys() == {"create-task", "upload", "email-verification", "user"}
    assert items["user"]["remaining"] == 4


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/auth/password-reset/request", {"email": "ada@example.org"}),
        ("/v1/notifications/send-verification", None),
        ("/v1/auth/register", {"username": "ada", "email": "ada@example.org", "password": "Analytical-Engine-1843"}),
    ],
    ids=["H41 reset", "pitfall F50 verification", "registration"],
)
async def test_three_mails_an_hour(
    make_settings: Callable[..., Settings], signer: Signer, path: str, body: Any
) -> None:
    async with build(make_settings(rate_limits="on")) as gateway:
        gateway.runner.app[KEYS].learn([signer.jwk])
        port = gateway.runner.addresses[0][1]
        headers = {"Authorization": f"Bearer {signer.token(scope='account')}"} if body is None else {}
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", headers=headers) as session:
            answers = [await session.post(path, json=body) for _ in range(4)]
    assert [answer.status for answer in answers] == [503] * 3 + [429]
