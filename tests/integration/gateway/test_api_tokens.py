"""Personal API tokens over HTTP."""

import asyncio
import hashlib
from typing import Any

import asyncpg

from gateway.routes import OPERATIONS
from tests.eventually import eventually
from tests.integration.gateway.conftest import ADA, bearer, events_of
from tests.integration.gateway.event_reader import read_events
from tests.unit.gateway.serving import Answer, Served

WISH = {"name": "backup", "scopes": ["tasks:read", "profile"]}


async def create(served: Served, ada: dict[str, str], **more: Any) -> Answer:
    answer = await served.ask("POST", "/v1/auth/api-tokens", json=WISH | more, headers=ada)
    assert answer.status == 201, answer.body
    return answer


def by(answer: Answer) -> dict[str, str]:
    return {"Authorization": f"Bearer {answer.json['token']}"}


async def test_a_token_is_shown_once_and_does_what_its_scopes_say(
    served: Served, ada: dict[str, str], superuser: asyncpg.Connection
) -> None:
    made = await create(served, ada)
    token = made.json["token"]
    assert token.startswith("tm_")
    assert (await served.ask("GET", "/v1/tasks", headers=by(made))).status == 200
    assert (await served.ask("GET", "/v1/users/me", headers=by(made))).json["username"] == "ada"
    refused = await served.ask("POST", "/v1/tasks", json={"title": "a"}, headers=by(made))
    assert (refused.status, refused.code) == (403, "insufficient-scope")
    listed = await served.ask("GET", "/v1/auth/api-tokens", headers=ada)
    assert listed.json["items"] == [{name: value for name, value in made.json.items() if name != "token"}]
    row = await superuser.fetchrow("SELECT token_sha, t::text AS row FROM auth.api_tokens t")
    assert row is not None
    assert row["token_sha"] == hashlib.sha256(token.encode()).digest()
    assert token not in row["row"]
    [event] = await events_of(superuser, "auth.api_token_created.v1")
    assert token not in str(event)


async def test_one_idempotency_key_makes_one_token(served: Served, ada: dict[str, str]) -> None:
    headers = ada | {"Idempotency-Key": "k", "Prefer": "respond-async"}
    first = await served.ask("POST", "/v1/auth/api-tokens", json=WISH, headers=headers)
    again = await served.ask("POST", "/v1/auth/api-tokens", json=WISH, headers=headers)
    assert (first.status, again.status, again.json) == (201, 201, first.json)
    assert again.headers["idempotency-replayed"] == "true"
    assert (await served.ask("GET", "/v1/tasks", headers=by(again))).status == 200
    assert len((await served.ask("GET", "/v1/auth/api-tokens", headers=ada)).json["items"]) == 1


async def test_a_revoked_token_is_refused_within_a_second(served: Served, ada: dict[str, str]) -> None:
    made = await create(served, ada)
    assert (await served.ask("GET", "/v1/tasks", headers=by(made))).status == 200
    assert (await served.ask("DELETE", made.headers["location"], headers=ada)).status == 204

    async def is_refused() -> bool:
        return (await served.ask("GET", "/v1/tasks", headers=by(made))).status == 401

    await eventually(is_refused, within=1)
    assert (await served.ask("DELETE", made.headers["location"], headers=ada)).status == 404


async def test_a_stream_ends_with_its_token(served: Served, ada: dict[str, str]) -> None:
    """H51: also one that a ticket opened."""
    made = await create(served, ada, scopes=["events:read"])
    ticket = (await served.ask("POST", "/v1/events/tickets", headers=by(made))).json["ticket"]
    async with (
        read_events(served, "?types=tasks.*", **by(made)) as by_token,
        read_events(served, f"?types=tasks.*&ticket={ticket}") as by_ticket,
        read_events(served, "?types=tasks.*", **ada) as other,
    ):
        assert (await served.ask("DELETE", made.headers["location"], headers=ada)).status == 204
        async with asyncio.timeout(5):
            last = [await by_token.next(), await by_ticket.next()]
        assert [frame and frame.event for frame in last] == ["reauth"] * 2
        await served.ask("POST", "/v1/tasks", json={"title": "a"}, headers=ada)
        [frame] = await other.take(1)
        assert frame.event == "tasks.task_created.v1"


async def test_a_ticket_opens_nothing_once_its_token_is_revoked(served: Served, ada: dict[str, str]) -> None:
    made = await create(served, ada, scopes=["events:read"])
    ticket = (await served.ask("POST", "/v1/events/tickets", headers=by(made))).json["ticket"]
    assert (await served.ask("DELETE", made.headers["location"], headers=ada)).status == 204

    async def is_heard_of() -> bool:
        return (await served.ask("GET", "/v1/events", headers=by(made))).status == 401

    await eventually(is_heard_of, within=1)
    answer = await served.ask("GET", f"/v1/events/stream?ticket={ticket}")
    assert (answer.status, answer.code) == (401, "invalid-token")


async def test_a_token_outlives_its_session_and_not_its_day(
    served: Served, ada: dict[str, str], superuser: asyncpg.Connection
) -> None:
    made = await create(served, ada, expires_in_days=1)
    assert (await served.ask("POST", "/v1/auth/logout", headers=ada)).status == 204
    assert (await served.ask("GET", "/v1/tasks", headers=by(made))).status == 200
    late = await superuser.fetchval("SELECT expires_at - created_at = interval '1 day' FROM auth.api_tokens")
    assert late is True


async def test_an_expired_token_is_refused(served: Served, ada: dict[str, str], superuser: asyncpg.Connection) -> None:
    made = await create(served, ada)
    await superuser.execute("UPDATE auth.api_tokens SET expires_at = now()")
    answer = await served.ask("GET", "/v1/tasks", headers=by(made))
    assert (answer.status, answer.code) == (401, "invalid-token")


async def test_what_is_no_token_is_refused(served: Served) -> None:
    for token in ("tm_", "tm_x", "tm_" + "A" * 43, "tm_" + "A" * 3000, "tm_é"):
        answer = await served.ask("GET", "/v1/tasks", headers={"Authorization": f"Bearer {token}"})
        assert (answer.status, answer.code) == (401, "invalid-token"), token


async def test_what_cannot_be_wished_for(served: Served, ada: dict[str, str]) -> None:
    wishes: tuple[dict[str, Any], ...] = (
        {"scopes": []},
        {"scopes": ["account"]},
        {"scopes": ["everything"]},
        {"name": ""},
        {"name": "a\nb"},
        {"expires_in_days": 0},
        {"expires_in_days": 367},
        {"expires_in_days": "1"},
    )
    for wish in wishes:
        answer = await served.ask("POST", "/v1/auth/api-tokens", json=WISH | wish, headers=ada)
        assert (answer.status, answer.code) == (422, "validation-failed"), wish


async def test_no_token_manages_the_account_itself(served: Served, ada: dict[str, str]) -> None:
    scopes = ["tasks:read", "tasks:write", "activity:read", "events:read", "webhooks:manage", "profile"]
    made = await create(served, ada, scopes=scopes)
    managing = [operation for operation in OPERATIONS if operation.scope == "account"]
    assert len(managing) >= 9
    for operation in managing:
        path = operation.path.replace("{session_id}", made.json["id"]).replace("{token_id}", made.json["id"])
        answer = await served.ask(operation.method, path, json={}, headers=by(made))
        assert (answer.status, answer.code) == (403, "insufficient-scope"), operation.name


async def test_nobody_sees_or_revokes_anybody_elses(served: Served, ada: dict[str, str]) -> None:
    made = await create(served, ada)
    eve = {"username": "eve", "email": "eve@example.org", "password": ADA["password"]}
    assert (await served.ask("POST", "/v1/auth/register", json=eve)).status == 201
    tokens = await served.ask("POST", "/v1/auth/login", json={"username": "eve", "password": ADA["password"]})
    hers = bearer(tokens.json)
    assert (await served.ask("GET", "/v1/auth/api-tokens", headers=hers)).json["items"] == []
    assert (await served.ask("DELETE", made.headers["location"], headers=hers)).status == 404
    assert (await served.ask("GET", "/v1/tasks", headers=by(made))).status == 200
