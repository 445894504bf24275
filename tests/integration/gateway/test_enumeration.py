"""Nobody learns from an answer, or from how long it took, who has an account here."""

import asyncio
import statistics
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest

import auth_worker.settings
from tests.integration.gateway.conftest import ADA
from tests.unit.gateway.serving import Answer, Served

TRIES = 200
ROUNDS = 5  # a difference that is there stays; that of a machine that is busy with something else does not
ALIKE = 0.05
OF_EVERY_REQUEST = {"x-request-id", "traceparent", "date"}


@pytest.fixture
def auth_worker_settings(auth_worker_settings: auth_worker.settings.Settings) -> auth_worker.settings.Settings:
    """With the hash that is the default: beside a cheaper one anything else would show."""
    defaults = auth_worker.settings.Settings.model_fields
    hashing = {name: defaults[name].default for name in ("argon2_memory", "argon2_passes", "argon2_lanes")}
    return auth_worker_settings.model_copy(update=hashing)


@dataclass
class Comparison:
    served: Served
    path: str
    known: dict[str, Any]
    unknown: dict[str, Any]
    seconds: dict[bool, list[float]] = field(default_factory=lambda: {True: [], False: []})
    told: set[tuple[int, str, str]] = field(default_factory=set)

    async def difference(self) -> float:
        """How much longer the median of one kind is than that of the other, as a share."""
        for _ in range(ROUNDS):
            await self._try()
            known, unknown = (statistics.median(self.seconds[kind]) for kind in (True, False))
            if abs(known / unknown - 1) < ALIKE:
                break
        assert len(self.told) == 1, self.told
        assert min(map(len, self.seconds.values())) > TRIES * 0.9
        return abs(known / unknown - 1)

    async def _try(self) -> None:
        """In turns, so that what else the machine does falls on both, and so does what the one before still causes."""
        for _ in range(TRIES // 2):
            for is_known in (True, False, False, True):
                body = self.known if is_known else self.unknown
                started = time.perf_counter()
                answer = await self.served.ask("POST", self.path, json=body)
                if answer.status in (503, 504):  # a machine that is too busy says so to everybody
                    continue
                self.seconds[is_known].append(time.perf_counter() - started)
                self._note(answer)

    def _note(self, answer: Answer) -> None:
        headers = {name: value for name, value in answer.headers.items() if name not in OF_EVERY_REQUEST}
        told = {name: value for name, value in (answer.json if answer.body else {}).items() if name[-3:] != "_id"}
        self.told.add((answer.status, str(sorted(headers.items())), str(sorted(told.items()))))


@pytest.mark.usefixtures("ada")
async def test_a_login_does_not_tell_whether_there_is_such_a_name(served: Served) -> None:
    """H35, pitfall F2, pitfall K9"""
    wrong = {"password": "Wrong-Password-4711"}
    comparison = Comparison(served, "/v1/auth/login", {"username": "ada", **wrong}, {"username": "eve", **wrong})
    assert await comparison.difference() < ALIKE


@pytest.mark.usefixtures("ada")
async def test_asking_for_a_reset_does_not_tell_whether_there_is_such_an_address(served: Served) -> None:
    """H41, pitfall F1"""
    path = "/v1/auth/password-reset/request"
    comparison = Comparison(served, path, {"email": ADA["email"]}, {"email": "eve@example.org"})
    assert await comparison.difference() < ALIKE


async def test_of_ten_identical_registrations_at_once_one_is_made(served: Served) -> None:
    """H39, pitfall F3"""
    answers = await asyncio.gather(*(served.ask("POST", "/v1/auth/register", json=ADA) for _ in range(10)))
    assert Counter(answer.status for answer in answers) == {201: 1, 409: 9}
    assert {answer.code for answer in answers if answer.status == 409} <= {"username-taken", "email-taken"}
