"""What its owner does with an account, and how others find it."""

import json
from typing import Any

import asyncpg

from chassis.sealing import OpeningKeys
from contracts.notices import VERIFICATION_PURPOSE
from tests.conftest import Keys
from tests.eventually import eventually
from tests.integration.gateway.conftest import ADA, bearer, events_of, log_in
from tests.unit.gateway.serving import Answer, Served


async def register(served: Served, username: str) -> None:
    body = {"username": username, "email": f"{username}@example.org", "password": ADA["password"]}
    assert (await served.ask("POST", "/v1/auth/register", json=body)).status == 201


async def verification_tokens(superuser: asyncpg.Connection, keys: Keys, *, mails: int) -> list[str]:
    async def all_there() -> list[asyncpg.Record] | None:
        rows = await superuser.fetch("SELECT content FROM notifier.mails WHERE template = 'verification' ORDER BY id")
        return rows if len(rows) == mails else None

    rows = await eventually(all_there)
    opening = OpeningKeys(keys.notifier)
    return [opening.open(json.loads(row["content"])["sealed_token"], purpose=VERIFICATION_PURPOSE) for row in rows]


async def verify(served: Served, token: str) -> Answer:
    return await served.ask("POST", "/v1/notifications/verify", json={"token": token})


async def test_the_last_mails_token_verifies_the_address_once(
    served: Served, ada: dict[str, str], superuser: asyncpg.Connection, keys: Keys
) -> None:
    """H44"""
    sent = await served.ask("POST", "/v1/notifications/send-verification", headers=ada)
    assert (sent.status, sent.body) == (202, b"")
    earlier, token = await verification_tokens(superuser, keys, mails=2)
    refused = await verify(served, earlier)
    assert (refused.status, refused.code) == (400, "invalid-or-expired-token")
    assert (await verify(served, token)).status == 204
    assert (await verify(served, token)).status == 400
    me = await served.ask("GET", "/v1/users/me", headers=ada)
    assert (me.json["email_verified"], me.headers["etag"]) == (True, '"2"')
    assert len(await events_of(superuser, "auth.email_verified.v1")) == 1
    again = await served.ask("POST", "/v1/notifications/send-verification", headers=ada)
    assert (again.status, again.code) == (409, "email-already-verified")


async def test_nothing_is_verified_by_a_get(served: Served) -> None:
    assert (await served.ask("GET", "/v1/notifications/verify")).status == 405


async def test_a_profile_is_changed_under_its_etag(served: Served, ada: dict[str, str]) -> None:
    patch = {"display_name": "  Ada Lovelace "}
    changed = await served.ask("PATCH", "/v1/users/me", json=patch, headers=ada | {"If-Match": '"1"'})
    assert (changed.status, changed.json["display_name"], changed.headers["etag"]) == (200, "Ada Lovelace", '"2"')
    same = await served.ask("PATCH", "/v1/users/me", json=patch, headers=ada)
    assert (same.status, same.headers["etag"]) == (200, '"2"')
    late = await served.ask("PATCH", "/v1/users/me", json={"display_name": None}, headers=ada | {"If-Match": '"1"'})
    assert (late.status, late.code, late.json["current_etag"]) == (412, "precondition-failed", '"2"')
    cleared = await served.ask("PATCH", "/v1/users/me", json={"display_name": None}, headers=ada)
    assert (cleared.json["display_name"], cleared.headers["etag"]) == (None, '"3"')


NOT_TO_BE: list[tuple[dict[str, Any], tuple[int, str]]] = [
    ({}, (400, "empty-patch")),
    ({"display_name": ""}, (422, "validation-failed")),
    ({"display_name": "a\u202eb"}, (422, "validation-failed")),
    ({"email": None}, (422, "validation-failed")),
    ({"email": "nobody"}, (422, "validation-failed")),
    ({"username": "eve"}, (422, "unknown-field")),
    ({"email": "new@example.org"}, (403, "current-password-incorrect")),
    ({"email": "new@example.org", "current_password": "wrong"}, (403, "current-password-incorrect")),
    ({"email": "GRACE@example.org", "current_password": ADA["password"]}, (409, "email-taken")),
]


async def test_a_profile_is_not_changed_to_anything(served: Served, ada: dict[str, str]) -> None:
    await register(served, "grace")
    for patch, expected in NOT_TO_BE:
        answer = await served.ask("PATCH", "/v1/users/me", json=patch, headers=ada)
        assert (answer.status, answer.code) == expected, patch
    assert (await served.ask("GET", "/v1/users/me", headers=ada)).headers["etag"] == '"1"'


async def test_another_address_must_be_verified_and_the_old_one_is_told(
    served: Served, ada: dict[str, str], superuser: asyncpg.Connection, keys: Keys
) -> None:
    """H44"""
    [old] = await verification_tokens(superuser, keys, mails=1)
    body = {"email": "countess@example.org", "current_password": ADA["password"]}
    changed = await served.ask("PATCH", "/v1/users/me", json=body, headers=ada)
    assert (changed.status, changed.json["email"], changed.json["email_verified"]) == (200, body["email"], False)
    notice = await eventually(
        lambda: superuser.fetchrow("SELECT recipient FROM notifier.mails WHERE template = 'security_notice'")
    )
    assert notice["recipient"] == ADA["email"]
    assert (await verify(served, old)).status == 400
    _, token = await verification_tokens(superuser, keys, mails=2)
    assert (await verify(served, token)).status == 204
    [event] = await events_of(superuser, "auth.user_updated.v1")
    assert "@" not in json.dumps(event)


async def test_users_are_found_by_the_beginning_of_their_names(served: Served, ada: dict[str, str]) -> None:
    """Pitfall F22"""
    for name in ("Adam", "adam.smith", "adele", "eve"):
        await register(served, name)

    async def search(query: str, **more: str) -> Answer:
        return await served.ask("GET", "/v1/users/search", params={"query": query, **more}, headers=ada)

    assert [item["username"] for item in (await search("AD")).json["items"]] == ["Adam", "adam.smith", "adele"]
    assert {frozenset(item) for item in (await search("ad")).json["items"]} == {frozenset({"id", "username"})}
    for nobody in ("%%", "__", "a%", "ad_", "dam", "ada\\", "ää", "ad~"):
        assert (await search(nobody)).json["items"] == []
    first = (await search("ad", limit="2")).json
    rest = (await search("ad", limit="2", cursor=first["page"]["next_cursor"])).json
    assert [item["username"] for item in first["items"] + rest["items"]] == ["Adam", "adam.smith", "adele"]
    assert not rest["page"]["has_more"]
    for bad in ({"query": "a"}, {}, {"query": "x" * 51}):
        assert (await served.ask("GET", "/v1/users/search", params=bad, headers=ada)).status == 400


async def test_a_closed_account_leaves_nothing_that_says_whose_it_was(
    served: Served, ada: dict[str, str], superuser: asyncpg.Connection
) -> None:
    other = bearer(await log_in(served))
    token = await served.ask("POST", "/v1/auth/api-tokens", json={"name": "ci", "scopes": ["profile"]}, headers=ada)
    wrong = await served.ask("DELETE", "/v1/users/me", json={"password": "wrong"}, headers=ada)
    assert (wrong.status, wrong.code) == (403, "current-password-incorrect")
    closed = await served.ask("DELETE", "/v1/users/me", json={"password": ADA["password"]}, headers=ada)
    assert closed.status == 204

    async def all_refused() -> bool:
        by_token = {"Authorization": f"Bearer {token.json['token']}"}
        return all(
            [(await served.ask("GET", "/v1/users/me", headers=each)).status == 401 for each in (ada, other, by_token)]
        )

    await eventually(all_refused, within=1)
    for table in ("accounts", "sessions", "email_verifications", "password_resets"):
        rows = await superuser.fetch(f"SELECT t::text AS row FROM auth.{table} t")
        assert [row["row"] for row in rows if "ada" in row["row"].lower()] == [], table
    [event] = await events_of(superuser, "auth.user_deleted.v1")
    assert event["user"]["username"] == "ada"
    assert "@" not in json.dumps(event)
    assert len(await events_of(superuser, "auth.api_token_revoked.v1")) == 1
    login = await served.ask("POST", "/v1/auth/login", json={"username": "ada", "password": ADA["password"]})
    assert (login.status, login.code) == (401, "invalid-credentials")
    assert (await served.ask("POST", "/v1/auth/register", json=ADA)).status == 201
