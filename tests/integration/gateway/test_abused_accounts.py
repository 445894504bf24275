"""What nobody should send, but somebody will, where accounts are."""

import asyncio
import json
from collections import Counter
from typing import Any

import asyncpg
import pytest
from structlog.testing import capture_logs

from tests.eventually import eventually
from tests.integration.gateway.conftest import ADA, Newcomer
from tests.unit.gateway.serving import Served

LOGIN = "/v1/auth/login"


@pytest.mark.parametrize(
    ("password", "refused"),
    [
        (b'"' + b"x" * 1024 + b'"', (401, "invalid-credentials")),
        (b'"' + b"x" * 1025 + b'"', (422, "validation-failed")),
        (b'"' + "ä".encode() * 513 + b'"', (422, "validation-failed")),
        (b'"' + b"x" * 100_000 + b'"', (413, "payload-too-large")),
        (b'"\xff\xfe"', (400, "malformed-json")),
        (b'"a\\u0000b"', (400, "malformed-json")),
        (b'""', (422, "validation-failed")),
        (b"null", (422, "validation-failed")),
    ],
    ids=["H36 longest", "H36 longer", "H36 bytes", "H36 100 kB", "H36 no UTF-8", "H36 NUL", "H36 empty", "H36 null"],
)
async def test_a_password_of_any_shape_is_answered(served: Served, password: bytes, refused: tuple[int, str]) -> None:
    body = b'{"username":"ada","password":' + password + b"}"
    answer = await served.ask("POST", LOGIN, data=body, headers={"Content-Type": "application/json"})
    assert (answer.status, answer.code) == refused


async def test_of_a_hundred_logins_at_once_each_is_answered(served: Served, newcomer: Newcomer) -> None:
    """H38"""
    await newcomer("ada")
    body = {"username": "ada", "password": ADA["password"]}
    answers = await asyncio.gather(*(served.ask("POST", LOGIN, json=body) for _ in range(100)))
    statuses = Counter(answer.status for answer in answers)
    assert statuses.keys() <= {200, 503}, statuses
    assert statuses[200] >= 1
    assert all(answer.headers["retry-after"] for answer in answers if answer.status == 503)


@pytest.mark.parametrize(
    ("email", "status"),
    [
        ("ADA@example.org", 409),
        ("ada+tasks@example.org", 201),
        ("\u0430da@example.org", 201),
        ("a" * 255 + "@example.org", 422),
        ("ada@" + "e" * 251 + ".org", 422),
    ],
    ids=["H40 capitals", "H40 plus", "H40 another alphabet", "H40 local part", "H40 domain"],
)
@pytest.mark.usefixtures("ada")
async def test_an_address_is_the_one_that_was_written(served: Served, email: str, status: int) -> None:
    answer = await served.ask("POST", "/v1/auth/register", json=ADA | {"username": "another", "email": email})
    assert answer.status == status, answer.body


@pytest.mark.usefixtures("ada")
async def test_what_a_client_calls_this_server_is_in_no_mail(served: Served, superuser: asyncpg.Connection) -> None:
    """H46"""
    evil = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}
    body = {"email": ADA["email"]}
    assert (await served.ask("POST", "/v1/auth/password-reset/request", json=body, headers=evil)).status == 202
    mail = await eventually(
        lambda: superuser.fetchrow("SELECT m::text AS text FROM notifier.mails m WHERE template = 'password_reset'")
    )
    assert "evil" not in mail["text"]
    events = await superuser.fetch("SELECT data FROM auth.event_log")
    assert "evil" not in json.dumps([event["data"] for event in events])


async def test_a_token_in_a_query_opens_nothing_and_is_not_logged(served: Served, ada: dict[str, Any]) -> None:
    """H49"""
    token = ada["Authorization"].removeprefix("Bearer ")
    with capture_logs() as logs:
        for path in ("/v1/events/stream", "/v1/events", "/v1/tasks"):
            answer = await served.ask("GET", f"{path}?access_token={token}")
            assert answer.status in (400, 401)
    assert token not in repr(logs)
