import asyncio

from tests.integration.gateway.conftest import ADA
from tests.unit.gateway.serving import Served


async def test_an_account_is_registered_once(served: Served) -> None:
    """H39"""
    answer = await served.ask("POST", "/v1/auth/register", json=ADA)
    assert (answer.status, answer.headers["location"], answer.headers["etag"]) == (201, "/v1/users/me", '"1"')
    assert answer.json["username"] == "ada"
    assert "password" not in answer.json
    again = await served.ask("POST", "/v1/auth/register", json=ADA | {"username": "ADA", "email": "other@example.org"})
    assert (again.status, again.code) == (409, "username-taken")


async def test_a_wrong_password_and_an_unknown_name_are_answered_alike(served: Served, ada: dict[str, str]) -> None:
    """H35"""
    assert ada
    answers = [
        await served.ask("POST", "/v1/auth/login", json={"username": name, "password": "wrong"})
        for name in ("ada", "eve")
    ]
    assert [(answer.status, answer.code) for answer in answers] == [(401, "invalid-credentials")] * 2
    assert answers[0].headers["www-authenticate"].startswith("Bearer")


async def test_a_caller_sees_himself(served: Served, ada: dict[str, str]) -> None:
    answer = await served.ask("GET", "/v1/users/me", headers=ada)
    assert (answer.status, answer.json["email"]) == (200, ADA["email"])
    again = await served.ask("GET", "/v1/users/me", headers=ada | {"If-None-Match": answer.headers["etag"]})
    assert (again.status, again.body) == (304, b"")


async def test_registering_in_the_background_can_be_followed(served: Served) -> None:
    accepted = await served.ask("POST", "/v1/auth/register", json=ADA, headers={"Prefer": "respond-async"})
    assert (accepted.status, accepted.json["status"]) == (202, "pending")
    status = await served.ask("GET", f"{accepted.headers['location']}?wait=10")
    assert (status.json["status"], status.json["http_status"]) == ("succeeded", 201)
    assert status.json["result"]["username"] == "ada"


async def test_a_login_repeated_with_one_key_is_a_login_each_time(served: Served, ada: dict[str, str]) -> None:
    assert ada
    body = {"username": "ada", "password": ADA["password"]}
    both = await asyncio.gather(
        *(served.ask("POST", "/v1/auth/login", json=body, headers={"Idempotency-Key": "k"}) for _ in range(2))
    )
    assert [answer.status for answer in both] == [200, 200]
    assert both[0].json["refresh_token"] != both[1].json["refresh_token"]
