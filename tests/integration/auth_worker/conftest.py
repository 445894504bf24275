from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from datetime import timedelta

import pytest
from asyncpg.pool import PoolConnectionProxy
from uuid_utils.compat import uuid7

from auth_worker.handlers.log_in import LogInHandler
from auth_worker.handlers.register_account import RegisterAccountHandler
from auth_worker.issuer import Issuer
from auth_worker.passwords import Passwords
from auth_worker.signing_keys import SigningKeys
from chassis.database import Database, open_database
from chassis.sealing import OpeningKeys, SealingKey
from contracts.identity import Account, RegisterAccount
from ops.postgres import Postgres
from tests.conftest import PASSWORDS, Keys
from tests.eventually import eventually
from tests.integration.conftest import Seal
from tests.integration.handling import deliver, open_transaction

PASSWORD = "Correct-Horse-7-Battery"
ISSUER = "https://tasks.example.org"
KEY_LIFETIME = timedelta(days=30)

Register = Callable[[RegisterAccount], Awaitable[Account]]


@pytest.fixture
async def connection(postgres: Postgres, database: str) -> AsyncIterator[PoolConnectionProxy]:
    async with open_transaction(postgres, database, "auth_worker") as connection:
        yield connection


@pytest.fixture
async def pool(postgres: Postgres, database: str) -> AsyncIterator[Database]:
    url = postgres.url("auth_worker", PASSWORDS["auth_worker"], database)
    async with open_database(url, application="tests", size=4) as pool:
        await eventually(pool.ping)
        yield pool


@pytest.fixture
def opening_keys(keys: Keys) -> OpeningKeys:
    return OpeningKeys(keys.auth_worker)


@pytest.fixture
async def passwords() -> AsyncIterator[Passwords]:
    async with aclosing(Passwords(memory=1024, passes=1, lanes=1)) as passwords:
        yield passwords


@pytest.fixture
def register_account(keys: Keys, opening_keys: OpeningKeys, passwords: Passwords) -> RegisterAccountHandler:
    return RegisterAccountHandler(
        passwords=passwords,
        policy="classic",
        opening_keys=opening_keys,
        notifier_key=SealingKey.parse(keys.notifier_sealing_key),
    )


@pytest.fixture
def issuer(opening_keys: OpeningKeys) -> Issuer:
    return Issuer(ISSUER, opening_keys, SigningKeys(opening_keys), timedelta(minutes=15))


@pytest.fixture
def log_in_without_keys(opening_keys: OpeningKeys, passwords: Passwords, issuer: Issuer) -> LogInHandler:
    return LogInHandler(
        passwords=passwords,
        opening_keys=opening_keys,
        issuer=issuer,
        session_lifetime=timedelta(days=30),
    )


@pytest.fixture
async def log_in(log_in_without_keys: LogInHandler, pool: Database) -> LogInHandler:
    await log_in_without_keys.issuer.signing_keys.ensure(pool, lifetime=KEY_LIFETIME)
    return log_in_without_keys


@pytest.fixture
def register(connection: PoolConnectionProxy, register_account: RegisterAccountHandler) -> Register:
    async def register(command: RegisterAccount) -> Account:
        account: Account = (await register_account(command, deliver(connection, None))).reply
        return account

    return register


@pytest.fixture
async def grace(register: Register, seal: Seal) -> Account:
    """An account that is there already."""
    return await register(
        RegisterAccount(user_id=uuid7(), username="Grace", email="Grace@Example.org", sealed_password=seal(PASSWORD))
    )
