from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import jwt
import pytest
from asyncpg.pool import PoolConnectionProxy
from uuid_utils.compat import uuid7

from auth_worker.handlers.log_in import LogInHandler
from auth_worker.passwords import Passwords
from chassis.errors import Refusal, Unavailable
from contracts.access_token import ALGORITHM, AUDIENCE
from contracts.identity import Account, LoggedIn, LogIn, LoginFailed, Tokens
from contracts.people import Person
from contracts.problems import INVALID_CREDENTIALS, SERVICE_UNAVAILABLE, Problem
from tests.integration.auth_worker.conftest import ISSUER, PASSWORD
from tests.integration.conftest import Seal
from tests.integration.handling import deliver, only_row


def command(seal: Seal, *, login: str = "grace", password: str = PASSWORD, session_id: UUID | None = None) -> LogIn:
    return LogIn(
        session_id=session_id or uuid7(),
        login=login,
        sealed_password=seal(password),
        user_agent="curl/8",
        address="192.0.2.1",
    )


def person_of(account: Account) -> Person:
    return Person(id=account.id, username=account.username)


@pytest.mark.parametrize("login", ["Grace", "grace", "GRACE", "Grace@Example.org", "grace@example.ORG"])
async def test_a_person_logs_in_by_name_or_address(
    connection: PoolConnectionProxy, log_in: LogInHandler, grace: Account, seal: Seal, login: str
) -> None:
    asked = command(seal, login=login)
    answer = await log_in(asked, deliver(connection, None))
    assert answer.tells == (
        LoggedIn(
            user=person_of(grace), session_id=asked.session_id, changes={}, actor=person_of(grace), audience=(grace.id,)
        ),
    )
    session = await only_row(connection, "SELECT * FROM sessions")
    assert session == {
        "id": asked.session_id,
        "account_id": grace.id,
        "generation": 0,
        "issued_at": session["issued_at"],
        "created_at": session["issued_at"],
        "expires_at": session["issued_at"] + timedelta(days=30),
        "revoked_at": None,
        "user_agent": "curl/8",
        "address": "192.0.2.1",
        "revocation_reason": None,
        "version": 1,
    }
    assert abs(session["issued_at"] - datetime.now(UTC)) < timedelta(minutes=1)


async def test_the_tokens_are_of_the_session(
    connection: PoolConnectionProxy, log_in: LogInHandler, grace: Account, seal: Seal
) -> None:
    asked = command(seal)
    tokens: Tokens = (await log_in(asked, deliver(connection, None))).reply
    assert (tokens.token_type, tokens.expires_in) == ("Bearer", 900)
    assert tokens.refresh_token.startswith("rt_")
    key = await log_in.issuer.signing_keys.current(connection)
    claims = jwt.decode(
        tokens.access_token, key.private.public_key(), algorithms=[ALGORITHM], audience=AUDIENCE, issuer=ISSUER
    )
    assert (claims["sub"], claims["sid"], claims["username"]) == (str(grace.id), str(asked.session_id), "Grace")


@pytest.mark.usefixtures("grace")
async def test_asking_twice_gives_the_same_session(
    connection: PoolConnectionProxy, log_in: LogInHandler, seal: Seal
) -> None:
    asked = command(seal)
    first = (await log_in(asked, deliver(connection, None))).reply
    second = (await log_in(asked, deliver(connection, None))).reply
    assert first.refresh_token == second.refresh_token
    assert await connection.fetchval("SELECT count(*) FROM sessions") == 1


@pytest.mark.usefixtures("grace")
async def test_two_log_ins_are_two_sessions(connection: PoolConnectionProxy, log_in: LogInHandler, seal: Seal) -> None:
    first = (await log_in(command(seal), deliver(connection, None))).reply
    second = (await log_in(command(seal), deliver(connection, None))).reply
    assert first.refresh_token != second.refresh_token
    assert await connection.fetchval("SELECT count(*) FROM sessions") == 2


async def test_a_wrong_password_is_refused_and_told_to_its_owner(
    connection: PoolConnectionProxy, log_in: LogInHandler, grace: Account, seal: Seal
) -> None:
    asked = command(seal, password=PASSWORD.lower())
    with pytest.raises(Refusal) as refused:
        await log_in(asked, deliver(connection, None))
    assert refused.value.problem == Problem(type=INVALID_CREDENTIALS)
    assert refused.value.tells == [
        LoginFailed(user=person_of(grace), session_id=asked.session_id, changes={}, actor=None, audience=(grace.id,))
    ]
    assert await connection.fetchval("SELECT count(*) FROM sessions") == 0


@pytest.mark.parametrize("login", ["nobody", "nobody@example.org", "", "%", "grace' OR '1'='1"])
@pytest.mark.usefixtures("grace")
async def test_an_unknown_account_is_refused_in_the_same_words(
    connection: PoolConnectionProxy, log_in: LogInHandler, seal: Seal, login: str
) -> None:
    with pytest.raises(Refusal) as refused:
        await log_in(command(seal, login=login), deliver(connection, None))
    assert refused.value.problem == Problem(type=INVALID_CREDENTIALS)
    assert refused.value.tells == []


@pytest.mark.usefixtures("grace")
async def test_a_hash_of_older_parameters_is_renewed(
    connection: PoolConnectionProxy, log_in: LogInHandler, seal: Seal
) -> None:
    before = await only_row(connection, "SELECT * FROM accounts")
    async with aclosing(Passwords(memory=2048, passes=1, lanes=1)) as passwords:
        stronger = replace(log_in, passwords=passwords)
        await stronger(command(seal), deliver(connection, None))
        after = await only_row(connection, "SELECT * FROM accounts")
        assert after["password_hash"].startswith("$argon2id$v=19$m=2048,t=1,p=1$")
        assert after == {**before, "password_hash": after["password_hash"]}
        await stronger(command(seal), deliver(connection, None))
    assert await connection.fetchval("SELECT password_hash FROM accounts") == after["password_hash"]


async def test_a_session_is_never_handed_to_another_account(
    connection: PoolConnectionProxy, log_in: LogInHandler, grace: Account, seal: Seal
) -> None:
    taken = uuid7()
    await connection.execute(
        """
        WITH other AS (
             INSERT INTO accounts (id, username, email, password_hash)
             VALUES ($1, 'eve', 'eve@example.org', '')
          RETURNING id
        )
        INSERT INTO sessions (id, account_id, expires_at)
        SELECT $2, id, now() + interval '1 day' FROM other
        """,
        uuid7(),
        taken,
    )
    with pytest.raises(LookupError):
        await log_in(command(seal, session_id=taken), deliver(connection, None))
    assert await connection.fetchval("SELECT count(*) FROM sessions WHERE account_id = $1", grace.id) == 0


@pytest.mark.usefixtures("grace")
async def test_before_there_is_a_key_nobody_logs_in(
    connection: PoolConnectionProxy, log_in_without_keys: LogInHandler, seal: Seal
) -> None:
    with pytest.raises(Unavailable) as unavailable:
        await log_in_without_keys(command(seal), deliver(connection, None))
    assert unavailable.value.problem == SERVICE_UNAVAILABLE
