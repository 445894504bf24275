"""Over HTTP, as POST /v1/auth/register and PATCH /v1/tasks/{id} see them."""

import json
from typing import Any

import pytest

from tests.unit.gateway.serving import Served, Signer

REGISTER = "/v1/auth/register"
GOOD = {"username": "ada", "email": "ada@example.org", "password": "correct horse"}
JSON = {"Content-Type": "application/json"}
TASK = "/v1/tasks/01936b2e-7c00-7000-8000-000000000001"


async def _register(served: Served, data: Any, headers: Any = JSON) -> Any:
    return await served.ask("POST", REGISTER, data=data, headers=headers)


async def test_a_good_body_goes_on_to_the_broker(served: Served) -> None:
    answer = await _register(served, json.dumps(GOOD))
    assert (answer.status, answer.code) == (503, "broker-unavailable")
    assert 1 <= int(answer.headers["retry-after"]) <= 3


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": ""},
        {"Content-Type": "application/json; charset=nope"},
        {"Content-Type": "application/json; charset=utf-16"},
        {"Content-Type": "application/merge-patch+json"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
        {"Content-Type": "application/json", "Content-Encoding": "identity"},
    ],
)
async def test_other_media_types_are_refused(served: Served, headers: Any) -> None:
    """H17, H59"""
    answer = await _register(served, json.dumps(GOOD).encode(), headers)
    assert (answer.status, answer.code) == (415, "unsupported-media-type")


@pytest.mark.parametrize("content_type", ["application/json;charset=utf-8", 'APPLICATION/JSON; charset="UTF-8"'])
async def test_utf_8_may_be_said(served: Served, content_type: str) -> None:
    assert (await _register(served, json.dumps(GOOD), {"Content-Type": content_type})).status == 503


async def _chunks(body: Any) -> Any:
    yield body


@pytest.mark.parametrize("chunked", [False, True])
async def test_one_byte_too_many_is_too_large(served: Served, chunked: bool) -> None:
    """H16"""
    whole = json.dumps(GOOD).encode()
    full, over = whole.ljust(65536), whole.ljust(65537)
    assert (await _register(served, _chunks(full) if chunked else full)).status == 503
    answer = await _register(served, _chunks(over) if chunked else over)
    assert (answer.status, answer.code) == (413, "payload-too-large")


@pytest.mark.parametrize("body", [b"{", b'{"a":NaN}', b"[" * 20_000, b'{"username":"ada","username":"eve"}', b"\xff"])
async def test_malformed_json_is_400(served: Served, body: Any) -> None:
    """H56, H60, H61, H62"""
    answer = await _register(served, body)
    assert (answer.status, answer.code) == (400, "malformed-json")


@pytest.mark.parametrize("body", ["[]", '"text"', "null", "1"])
async def test_json_that_is_no_object_is_422(served: Served, body: Any) -> None:
    """H63"""
    answer = await _register(served, body)
    assert (answer.status, answer.code) == (422, "validation-failed")


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"username": "ab"}, "#/username"),
        ({"username": "canary canary"}, "#/username"),
        ({"username": 5}, "#/username"),
        ({"email": "canary"}, "#/email"),
        ({"password": ""}, "#/password"),
        ({"password": "canary" * 200}, "#/password"),
        ({"password": "é" * 513}, "#/password"),
        ({"password": None}, "#/password"),
    ],
)
async def test_errors_point_at_the_member_and_do_not_repeat_it(
    served: Served, changes: dict[str, Any], pointer: str
) -> None:
    answer = await _register(served, json.dumps(GOOD | changes))
    assert (answer.status, answer.code) == (422, "validation-failed")
    assert [error["pointer"] for error in json.loads(answer.body)["errors"]] == [pointer]
    assert b"canary" not in answer.body


async def test_an_unknown_field_is_named_so(served: Served) -> None:
    """H64"""
    answer = await _register(served, json.dumps(GOOD | {"is_admin": True}))
    assert (answer.status, answer.code) == (422, "unknown-field")
    assert json.loads(answer.body)["errors"][0]["pointer"] == "#/is_admin"


@pytest.mark.parametrize("content_type", ["application/json", "application/merge-patch+json"])
async def test_an_empty_patch_is_refused(served: Served, signer: Signer, content_type: str) -> None:
    headers = {"Authorization": f"Bearer {signer.token()}", "Content-Type": content_type}
    answer = await served.ask("PATCH", TASK, data="{}", headers=headers)
    assert (answer.status, answer.code) == (400, "empty-patch")


@pytest.mark.parametrize(
    "patch",
    [
        {"title": None},
        {"title": " "},
        {"title": "x" * 201},
        {"title": "a\u202eb"},
        {"title": "a\nb"},
        {"due_date": "2026-02-30"},
        {"due_date": "0001-01-01"},
        {"status": "canary"},
        {"completed": 1.0},
        {"tags": ["a"] * 21},
        {"completed": True, "status": "pending"},
    ],
)
async def test_a_task_is_checked_here_already(served: Served, signer: Signer, patch: dict[str, Any]) -> None:
    """H57, H65, H74"""
    answer = await served.ask("PATCH", TASK, json=patch, headers={"Authorization": f"Bearer {signer.token()}"})
    assert (answer.status, answer.code) == (422, "validation-failed")
    assert b"canary" not in answer.body


async def test_a_body_where_none_is_taken_is_passed_over(served: Served) -> None:
    assert (await served.ask("GET", "/livez", data=b"x" * 1000)).status == 200
