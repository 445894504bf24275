import asyncio
import hashlib
from collections import Counter
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from argon2 import PasswordHasher
from asyncpg.pool import PoolConnectionProxy
from uuid_utils.compat import uuid7

from auth_worker.handlers.register_account import RegisterAccountHandler
from chassis.errors import Refusal, Unprocessable
from chassis.requests import Requests, Sender
from chassis.sealing import OpeningKeys
from contracts.identity import Account, RegisterAccount, UserRegistered
from contracts.notices import VERIFICATION_PURPOSE, SendVerificationMail
from contracts.people import Person
from contracts.problems import EMAIL_TAKEN, USERNAME_TAKEN, VALIDATION_FAILED, Problem, ProblemType
from tests.conftest import Keys
from tests.integration.auth_worker.conftest import PASSWORD, Register
from tests.integration.conftest import BUDGET, Seal
from tests.integration.handling import deliver, only_row

COUNT = """
SELECT (SELECT count(*) FROM accounts) AS accounts, (SELECT count(*) FROM email_verifications) AS verifications
"""


def command(
    seal: Seal, *, username: str = "ada", email: str = "ada@example.org", password: str = PASSWORD
) -> RegisterAccount:
    return RegisterAccount(user_id=uuid7(), username=username, email=email, sealed_password=seal(password))


async def test_an_account_is_made_and_its_address_asked_to_be_confirmed(
    connection: PoolConnectionProxy, register_account: RegisterAccountHandler, seal: Seal, keys: Keys
) -> None:
    asked = command(seal)
    answer = await register_account(asked, deliver(connection, None))

    account = answer.reply
    assert account == Account(
        id=asked.user_id,
        username="ada",
        email="ada@example.org",
        email_verified=False,
        version=1,
        created_at=account.created_at,
        updated_at=account.created_at,
    )
    person = Person(id=asked.user_id, username="ada")
    event, mail = answer.tells
    assert event == UserRegistered(user=person, version=1, changes={}, actor=person, audience=(person.id,))
    assert isinstance(mail, SendVerificationMail)
    assert mail == SendVerificationMail(user=person, email="ada@example.org", sealed_token=mail.sealed_token)

    token = OpeningKeys(keys.notifier).open(mail.sealed_token, purpose=VERIFICATION_PURPOSE)
    verification = await only_row(connection, "SELECT * FROM email_verifications")
    assert verification == {
        "token_sha": hashlib.sha256(token.encode()).digest(),
        "account_id": asked.user_id,
        "email": "ada@example.org",
        "expires_at": verification["expires_at"],
        "used_at": None,
    }
    assert abs(verification["expires_at"] - datetime.now(UTC) - timedelta(hours=24)) < timedelta(minutes=1)


async def test_of_the_password_a_hash_alone_is_kept(
    connection: PoolConnectionProxy, register_account: RegisterAccountHandler, seal: Seal
) -> None:
    answer = await register_account(command(seal), deliver(connection, None))
    stored = await only_row(connection, "SELECT * FROM accounts")
    assert PasswordHasher().verify(stored["password_hash"], PASSWORD)
    assert PASSWORD not in repr((stored, answer.reply, answer.tells))


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        (("grace", "other@example.org"), USERNAME_TAKEN),
        (("GRACE", "other@example.org"), USERNAME_TAKEN),
        (("other", "grace@example.org"), EMAIL_TAKEN),
        (("other", "GRACE@EXAMPLE.ORG"), EMAIL_TAKEN),
        (("grace", "grace@example.org"), USERNAME_TAKEN),
        (("Deleted", "other@example.org"), USERNAME_TAKEN),
    ],
)
@pytest.mark.usefixtures("grace")
async def test_a_name_and_an_address_are_of_one_account_whatever_their_capitals(
    connection: PoolConnectionProxy, register: Register, seal: Seal, names: tuple[str, str], problem: ProblemType
) -> None:
    """H40, pitfall F4"""
    username, email = names
    with pytest.raises(Refusal) as refused:
        await register(command(seal, username=username, email=email))
    assert refused.value.problem == Problem(type=problem)
    assert await only_row(connection, COUNT) == {"accounts": 1, "verifications": 1}


async def test_a_weak_password_is_refused_and_leaves_nothing(
    connection: PoolConnectionProxy, register: Register, seal: Seal
) -> None:
    with pytest.raises(Refusal) as refused:
        await register(command(seal, password="password"))
    problem = refused.value.problem
    assert (problem.type, problem.detail) == (VALIDATION_FAILED, "the password is not good enough")
    assert [(error.pointer, error.code) for error in problem.errors] == [("#/password", "password_length")]
    assert await only_row(connection, COUNT) == {"accounts": 0, "verifications": 0}


async def test_a_password_that_was_sealed_for_another_purpose_is_not_opened(
    connection: PoolConnectionProxy, register: Register, keys: Keys
) -> None:
    moved = OpeningKeys(keys.auth_worker).sealing_key.seal(PASSWORD, purpose="signing key")
    with pytest.raises(Unprocessable):
        await register(RegisterAccount(user_id=uuid7(), username="ada", email="ada@example.org", sealed_password=moved))
    assert await only_row(connection, COUNT) == {"accounts": 0, "verifications": 0}


@pytest.mark.usefixtures("running_auth_worker")
async def test_of_many_who_register_at_once_one_gets_the_name(
    requests: Requests, superuser: asyncpg.Connection, seal: Seal
) -> None:
    async def attempt() -> tuple[int, str]:
        try:
            return (await requests.ask(command(seal), Sender(uuid7(), None, BUDGET))).status, ""
        except Refusal as refusal:
            return refusal.problem.type.status, refusal.problem.type.code

    answers = await asyncio.gather(*(attempt() for _ in range(10)))
    assert Counter(answers) == {(201, ""): 1, (409, "username-taken"): 9}
    assert await superuser.fetchval("SELECT count(*) FROM auth.accounts") == 1
    assert await superuser.fetchval("SELECT count(*) FROM auth.event_log") == 1


@pytest.mark.usefixtures("running_auth_worker")
async def test_of_many_with_one_address_one_gets_an_account(
    requests: Requests, superuser: asyncpg.Connection, seal: Seal
) -> None:
    async def attempt(number: int) -> tuple[int, str]:
        asked = command(seal, username=f"ada{number}")
        try:
            return (await requests.ask(asked, Sender(uuid7(), None, BUDGET))).status, ""
        except Refusal as refusal:
            return refusal.problem.type.status, refusal.problem.type.code

    answers = await asyncio.gather(*map(attempt, range(10)))
    assert Counter(answers) == {(201, ""): 1, (409, "email-taken"): 9}
    assert await superuser.fetchval("SELECT count(*) FROM auth.accounts") == 1
