"""Nobody learns from an answer, or from how long it took, who has an account here."""

import asyncio
import statistics
import time
from collections import Counter
from typing import Any

import pytest

import auth_worker.settings
from tests.integration.gateway.conftest import ADA
from tests.unit.gateway.serving import Served

TRIES = 200
OF_EVERY_REQUEST = {"x-request-id", "traceparent", "date"}


@pytest.fixture
def auth_worker_settings(auth_worker_settings: auth_worker.settings.Settings) -> auth_worker.settings.Settings:
    """With the hash that is the default: beside a cheaper one anything else would show."""
    defaults = auth_worker.settings.Settings.model_fields
    hashing = {name: defaults[name].default for name in ("argon2_memory", "argon2_passes", "argon2_lanes")}
    return auth_worker_settings.model_copy(update=hashing)


async def compare(served: Served, path: str, known: dict[str, Any], unknown: dict[str, Any]) -> float:
    """How much longer the median of one kind is; in turns, so that what else the machine does falls on both."""
    seconds: dict[bool, list[float]] = {True: [], False: []}
    seen = set()
    for _ in range(TRIES):
        for is_known, body in ((True, known), (False, unknown)):
            started = time.perf_counter()
            answer = await served.ask("POST", path, json=body)
            if answer.status in (503, 504):  # a machine that is too busy says so to everybody
                continue
            seconds[is_known].append(time.perf_counter() - started)
            headers = {name: value for name, value in answer.headers.items() if name not in OF_EVERY_REQUEST}
            told = {name: value for name, value in (answer.json if answer.body else {}).items() if name[-3:] != "_id"}
            seen.add((answer.status, str(sorted(headers.items())), str(sorted(told.items()))))
    assert len(seen) == 1, seen
    assert min(map(len, seconds.values())) > TRIES * 0.9
    medians = {is_known: statistics.median(times) for is_known, times in seconds.items()}
    return abs(medians[True] / medians[False] - 1)


@pytest.mark.usefixtures("ada")
async def test_a_login_does_not_tell_whether_there_is_such_a_name(served: Served) -> None:
    """H35, pitfall F2, pitfall K9"""
    wrong = {"password": "Wrong-Password-4711"}
    difference = await compare(served, "/v1/auth/login", {"username": "ada", **wrong}, {"username": "eve", **wrong})
    assert difference < 0.2


@pytest.mark.usefixtures("ada")
async def test_asking_for_a_reset_does_not_tell_whether_there_is_such_an_address(served: Served) -> None:
    """H41, pitfall F1"""
    path = "/v1/auth/password-reset/request"
    difference = await compare(served, path, {"email": ADA["email"]}, {"email": "eve@example.org"})
    assert difference < 0.2


async def test_of_ten_identical_registrations_at_once_one_is_made(served: Served) -> None:
    """H39, pitfall F3"""
    answers = await asyncio.gather(*(served.ask("POST", "/v1/auth/register", json=ADA) for _ in range(10)))
    assert Counter(answer.status for answer in answers) == {201: 1, 409: 9}
    assert {answer.code for answer in answers if answer.status == 409} <= {"username-taken", "email-taken"}
