"""Changing, resetting and rating passwords over HTTP."""

from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from chassis.sealing import OpeningKeys
from contracts.notices import RESET_PURPOSE
from tests.conftest import Keys
from tests.eventually import eventually
from tests.integration.gateway.conftest import ADA, bearer, events_of, log_in
from tests.unit.gateway.serving import Served

NEW = "Difference-Engine-1822"
RESET = "/v1/auth/password-reset/request"

MailedToken = Callable[[], Awaitable[str]]


@pytest.fixture
def mailed_token(superuser: asyncpg.Connection, keys: Keys) -> MailedToken:
    """Of the latest reset mail that was not asked for before."""
    opening, seen = OpeningKeys(keys.notifier), set[str]()

    async def fresh() -> str | None:
        rows = await superuser.fetch(
            "SELECT content ->> 'sealed_token' AS sealed FROM notifier.mails WHERE template = 'password_reset'"
        )
        return next((row["sealed"] for row in rows if row["sealed"] not in seen), None)

    async def token() -> str:
        sealed = await eventually(fresh)
        seen.add(sealed)
        return opening.open(sealed, purpose=RESET_PURPOSE)

    return token


async def can_log_in(served: Served, password: str) -> bool:
    answer = await served.ask("POST", "/v1/auth/login", json={"username": "ada", "password": password})
    return answer.status == 200


async def change(served: Served, headers: dict[str, str], current: str, new: str) -> Any:
    body = {"current_password": current, "new_password": new}
    return await served.ask("PATCH", "/v1/users/me/change-password", json=body, headers=headers)


async def is_refused(served: Served, headers: dict[str, str]) -> bool:
    return (await served.ask("GET", "/v1/users/me", headers=headers)).status == 401


async def test_a_changed_password_ends_the_other_sessions(
    served: Served, ada: dict[str, str], superuser: asyncpg.Connection
) -> None:
    """pitfall F7"""
    other = bearer(await log_in(served))
    assert (await change(served, ada, ADA["password"], NEW)).status == 204
    await eventually(lambda: is_refused(served, other), within=1)
    assert not await is_refused(served, ada)
    assert [await can_log_in(served, password) for password in (ADA["password"], NEW)] == [False, True]
    [changed] = await events_of(superuser, "auth.password_changed.v1")
    [revoked] = await events_of(superuser, "auth.session_revoked.v1")
    assert (changed["version"], revoked["reason"]) == (2, "password_changed")


NOT_GOOD_ENOUGH: list[tuple[str, str, tuple[int, str, str | None]]] = [
    ("Wrong-Password-4711", NEW, (403, "current-password-incorrect", None)),
    (ADA["password"], "short", (422, "validation-failed", "#/new_password")),
    (ADA["password"], "Password1234!", (422, "validation-failed", "#/new_password")),
    (ADA["password"], "My-ada-secret-42", (422, "validation-failed", "#/new_password")),
    (ADA["password"], "x" * 1025, (422, "validation-failed", "#/new_password")),
]


async def test_a_password_that_does_not_do_changes_nothing(served: Served, ada: dict[str, str]) -> None:
    """H48"""
    for current, new, expected in NOT_GOOD_ENOUGH:
        answer = await change(served, ada, current, new)
        pointer = answer.json["errors"][0]["pointer"] if answer.status == 422 else None
        assert (answer.status, answer.code, pointer) == expected, new
    assert await can_log_in(served, ADA["password"])


async def test_a_token_of_a_mail_resets_the_password_once(
    served: Served, ada: dict[str, str], mailed_token: MailedToken, superuser: asyncpg.Connection
) -> None:
    """H42, H43, pitfall F7"""
    assert (await served.ask("POST", RESET, json={"email": ADA["email"].upper()})).status == 202
    body = {"token": await mailed_token(), "new_password": "short"}
    weak = await served.ask("POST", "/v1/auth/password-reset/verify", json=body)
    assert (weak.status, weak.code) == (422, "validation-failed")
    body["new_password"] = NEW
    assert (await served.ask("POST", "/v1/auth/password-reset/verify", json=body)).status == 204
    await eventually(lambda: is_refused(served, ada), within=1)
    assert [await can_log_in(served, password) for password in (ADA["password"], NEW)] == [False, True]
    again = await served.ask("POST", "/v1/auth/password-reset/verify", json=body)
    assert (again.status, again.code) == (400, "invalid-or-expired-token")
    assert len(await events_of(superuser, "auth.password_reset_requested.v1")) == 1
    assert len(await events_of(superuser, "auth.password_reset.v1")) == 1


async def test_no_token_of_a_mail_is_good_for_long_or_after_the_password_changed(
    served: Served, ada: dict[str, str], mailed_token: MailedToken, superuser: asyncpg.Connection
) -> None:
    """H42"""

    async def use(token: str) -> tuple[int, str]:
        body = {"token": token, "new_password": NEW}
        answer = await served.ask("POST", "/v1/auth/password-reset/verify", json=body)
        return answer.status, answer.code

    refused = (400, "invalid-or-expired-token")
    await served.ask("POST", RESET, json={"email": ADA["email"]})
    token = await mailed_token()
    assert await use(token[:-1] + ("A" if token[-1] != "A" else "B")) == refused
    await superuser.execute("UPDATE auth.password_resets SET expires_at = now()")
    assert await use(token) == refused
    await served.ask("POST", RESET, json={"email": ADA["email"]})
    token = await mailed_token()
    assert (await change(served, ada, ADA["password"], "Another-Password-0815")).status == 204
    assert await use(token) == refused


async def test_tokens_rest_as_their_digests_alone(
    served: Served, ada: dict[str, str], mailed_token: MailedToken, superuser: asyncpg.Connection
) -> None:
    """pitfall F8"""
    assert ada
    await served.ask("POST", RESET, json={"email": ADA["email"]})
    token = await mailed_token()
    rows = await superuser.fetch("SELECT p::text AS row FROM auth.password_resets p")
    rows += await superuser.fetch("SELECT m::text AS row FROM notifier.mails m")
    assert len(rows) >= 2
    assert [row["row"] for row in rows if token in row["row"]] == []


async def test_a_password_is_rated_for_a_live_meter(served: Served) -> None:
    for password, score, acceptable in (
        ("password", 0, False),
        ("Password1234!", 1, False),
        (NEW, 4, True),
        ("ada-ada-ada-A1!", 4, False),
    ):
        body = {"password": password, "username": "ada", "email": ADA["email"]}
        rating = (await served.ask("POST", "/v1/auth/password-strength", json=body)).json
        assert (rating["acceptable"], bool(rating["reasons"])) == (acceptable, not acceptable), password
        assert 0 <= rating["score"] <= score
