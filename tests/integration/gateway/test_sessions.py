"""Over HTTP, through the broker, on a real database: how a session lives and ends."""

import asyncio
import json
from functools import partial
from typing import Any

import asyncpg

from tests.eventually import eventually
from tests.integration.gateway.conftest import ADA, bearer, events_of, log_in
from tests.unit.gateway.serving import Answer, Served


async def refresh(served: Served, token: str) -> Answer:
    return await served.ask("POST", "/v1/auth/refresh", json={"refresh_token": token})


async def is_refused(served: Served, tokens: dict[str, Any]) -> bool:
    return (await served.ask("GET", "/v1/users/me", headers=bearer(tokens))).status == 401


async def test_a_refresh_gives_the_next_token_and_a_lost_answer_the_same_again(served: Served, ada: Any) -> None:
    """H45"""
    assert ada
    tokens = await log_in(served)
    first, again = [await refresh(served, tokens["refresh_token"]) for _ in range(2)]
    assert (first.status, again.status) == (200, 200)
    assert first.json["refresh_token"] == again.json["refresh_token"] != tokens["refresh_token"]
    assert (await served.ask("GET", "/v1/users/me", headers=bearer(first.json))).status == 200
    assert (await refresh(served, first.json["refresh_token"])).status == 200


async def test_fifty_at_once_are_no_alarm(served: Served, ada: Any, superuser: asyncpg.Connection) -> None:
    """H47"""
    assert ada
    token = (await log_in(served))["refresh_token"]
    answers = await asyncio.gather(*(refresh(served, token) for _ in range(50)))
    # A busy machine may refuse some; nothing was done then, and nobody is alarmed.
    assert {answer.status for answer in answers} in ({200}, {200, 503})
    [successor] = {answer.json["refresh_token"] for answer in answers if answer.status == 200}
    assert (await refresh(served, successor)).status == 200
    assert await superuser.fetchval("SELECT max(generation) FROM auth.sessions") == 2
    assert await events_of(superuser, "auth.token_reuse_detected.v1") == []
    # Each transaction has an id, which every row that it wrote has.
    transactions = "SELECT count(DISTINCT xmin::text) FROM auth.inbox WHERE type = 'auth.refresh_session.v1'"
    assert await superuser.fetchval(transactions) < len(answers) / 2


async def test_a_stolen_token_ends_the_session_for_both(
    served: Served, ada: Any, superuser: asyncpg.Connection
) -> None:
    """H45"""
    assert ada
    tokens = await log_in(served)
    stolen = tokens["refresh_token"]
    current = (await refresh(served, stolen)).json
    await superuser.execute("UPDATE auth.sessions SET issued_at = issued_at - interval '11 seconds'")

    reused = await refresh(served, stolen)
    assert (reused.status, reused.code) == (401, "invalid-refresh-token")
    assert (await refresh(served, current["refresh_token"])).status == 401
    await eventually(lambda: is_refused(served, current), within=1)
    [event] = await events_of(superuser, "auth.token_reuse_detected.v1")
    assert event["actor"] is None
    mail = await eventually(
        lambda: superuser.fetchrow("SELECT recipient, content FROM notifier.mails WHERE template = 'security_notice'")
    )
    assert (mail["recipient"], json.loads(mail["content"])["notice"]) == (ADA["email"], "token_reuse_detected")
    # The alarm was raised once: a thief who goes on trying sends no more mails.
    assert (await refresh(served, stolen)).status == 401
    assert len(await events_of(superuser, "auth.token_reuse_detected.v1")) == 1


async def test_two_generations_back_is_reuse_however_soon(served: Served, ada: Any) -> None:
    assert ada
    first = (await log_in(served))["refresh_token"]
    second = (await refresh(served, first)).json["refresh_token"]
    third = (await refresh(served, second)).json["refresh_token"]
    assert (await refresh(served, first)).status == 401
    assert (await refresh(served, third)).status == 401


async def test_what_is_no_refresh_token_is_refused(served: Served, ada: Any) -> None:
    """H25"""
    assert ada
    tokens = await log_in(served)
    good = tokens["refresh_token"]
    last = "A" if good[-1] != "A" else "B"
    for bad in ("x", "rt_", good[3:], good[:-1] + last, good + "A", tokens["access_token"], "rt_" + "A" * 70, "ä"):
        answer = await refresh(served, bad)
        assert (answer.status, answer.code) == (401, "invalid-refresh-token"), bad
    assert (await refresh(served, good)).status == 200


async def test_logging_out_ends_this_session_alone(served: Served, ada: Any, superuser: asyncpg.Connection) -> None:
    """H32, pitfall F6, pitfall K12"""
    assert ada
    here, there = await log_in(served), await log_in(served)
    assert (await served.ask("POST", "/v1/auth/logout", headers=bearer(here))).status == 204
    await eventually(lambda: is_refused(served, here), within=1)
    refused = await served.ask("GET", "/v1/users/me", headers=bearer(here))
    assert refused.code == "invalid-token"
    assert (await refresh(served, here["refresh_token"])).status == 401
    assert not await is_refused(served, there)
    [event] = await events_of(superuser, "auth.logged_out.v1")
    assert event["user"]["username"] == "ada"


async def test_logging_out_everywhere_ends_them_all(served: Served, ada: Any, superuser: asyncpg.Connection) -> None:
    here, there = await log_in(served), await log_in(served)
    assert (await served.ask("POST", "/v1/auth/logout-all", headers=bearer(here))).status == 204
    for tokens in (here, there, {"access_token": ada["Authorization"].removeprefix("Bearer ")}):
        await eventually(partial(is_refused, served, tokens), within=1)
    assert len(await events_of(superuser, "auth.logged_out.v1")) == 1
    revoked = await events_of(superuser, "auth.session_revoked.v1")
    assert [event["reason"] for event in revoked] == ["logout_all"] * 2


async def test_sessions_are_listed_and_ended_one_by_one(served: Served, ada: dict[str, str]) -> None:
    other = await log_in(served)
    listed = await served.ask("GET", "/v1/auth/sessions", headers=ada)
    items = listed.json["items"]
    assert [item["current"] for item in items] == [False, True]
    assert (items[0]["user_agent"], items[0]["address"]) == ("curl/8", "127.0.0.1")
    path = f"/v1/auth/sessions/{items[0]['id']}"
    assert (await served.ask("DELETE", path, headers=ada)).status == 204
    await eventually(lambda: is_refused(served, other), within=1)
    assert (await served.ask("DELETE", path, headers=ada)).status == 404
    assert len((await served.ask("GET", "/v1/auth/sessions", headers=ada)).json["items"]) == 1


async def test_nobody_ends_anybody_elses_session(served: Served, ada: dict[str, str]) -> None:
    [own] = (await served.ask("GET", "/v1/auth/sessions", headers=ada)).json["items"]
    eve = {"username": "eve", "email": "eve@example.org", "password": ADA["password"]}
    assert (await served.ask("POST", "/v1/auth/register", json=eve)).status == 201
    tokens = await served.ask("POST", "/v1/auth/login", json={"username": "eve", "password": ADA["password"]})
    answer = await served.ask("DELETE", f"/v1/auth/sessions/{own['id']}", headers=bearer(tokens.json))
    assert (answer.status, answer.code) == (404, "not-found")
    assert (await served.ask("GET", "/v1/users/me", headers=ada)).status == 200
