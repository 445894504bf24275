import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest
from argon2 import PasswordHasher
from prometheus_client import REGISTRY

from auth_worker.passwords import _QUEUE_PER_PROCESS, Passwords
from chassis.errors import Unavailable
from contracts.problems import OVERLOADED

PASSWORD = "Correct-Horse-7-Battery"
PROCESSES = os.cpu_count() or 1


@pytest.fixture
async def passwords() -> AsyncIterator[Passwords]:
    async with aclosing(Passwords(memory=1024, passes=1, lanes=1)) as passwords:
        yield passwords


def hashes_made() -> float:
    return REGISTRY.get_sample_value("taskmesh_password_hash_duration_seconds_count") or 0.0


async def test_a_password_matches_its_own_hash_alone(passwords: Passwords) -> None:
    hashed = await passwords.hash(PASSWORD)
    assert hashed.startswith("$argon2id$v=19$m=1024,t=1,p=1$")
    assert await passwords.verify(PASSWORD, hashed)
    assert not await passwords.verify(PASSWORD.lower(), hashed)
    assert not await passwords.verify("", hashed)


async def test_the_same_password_is_hashed_differently_each_time(passwords: Passwords) -> None:
    assert await passwords.hash(PASSWORD) != await passwords.hash(PASSWORD)


async def test_an_account_that_does_not_exist_costs_as_much_as_one_that_does(passwords: Passwords) -> None:
    """H35"""
    hashed = await passwords.hash(PASSWORD)
    before = hashes_made()
    assert await passwords.verify(PASSWORD, hashed)
    after_known = hashes_made()
    assert not await passwords.verify(PASSWORD, None)
    assert (after_known - before, hashes_made() - after_known) == (1, 1)


async def test_nobodys_password_lets_nobody_in(passwords: Passwords) -> None:
    assert not await passwords.verify("nobody has this password", None)


async def test_a_hash_that_was_damaged_matches_nothing(passwords: Passwords) -> None:
    assert not await passwords.verify(PASSWORD, "no hash at all")


async def test_a_hash_of_other_parameters_is_outdated_and_still_matches(passwords: Passwords) -> None:
    old = PasswordHasher(time_cost=2, memory_cost=512, parallelism=1).hash(PASSWORD)
    assert passwords.is_outdated(old)
    assert await passwords.verify(PASSWORD, old)
    assert not passwords.is_outdated(await passwords.hash(PASSWORD))


async def test_what_finds_no_place_in_the_queue_is_refused_at_once(passwords: Passwords) -> None:
    """H38"""
    places = PROCESSES + PROCESSES * _QUEUE_PER_PROCESS
    results = await asyncio.gather(*(passwords.hash(PASSWORD) for _ in range(places + 5)), return_exceptions=True)
    refused = [result for result in results if isinstance(result, Unavailable)]
    assert [refusal.problem for refusal in refused] == [OVERLOADED] * 5
    assert len({result for result in results if isinstance(result, str)}) == places


async def test_a_full_queue_empties_again(passwords: Passwords) -> None:
    places = PROCESSES + PROCESSES * _QUEUE_PER_PROCESS
    await asyncio.gather(*(passwords.hash(PASSWORD) for _ in range(places + 1)), return_exceptions=True)
    assert await passwords.verify(PASSWORD, await passwords.hash(PASSWORD))
    assert REGISTRY.get_sample_value("taskmesh_password_hash_pool_queued") == 0


async def test_every_byte_of_a_long_password_counts(passwords: Passwords) -> None:
    """Pitfall F5"""
    hashed = await passwords.hash("x" * 128)
    assert await passwords.verify("x" * 128, hashed)
    assert not await passwords.verify("x" * 127 + "y", hashed)
    assert not await passwords.verify("x" * 72, hashed)
