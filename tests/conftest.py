"""Real servers for every test that asks: one Postgres and one RabbitMQ a run, a database of its own for each test."""

import asyncio
import secrets
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from chassis.broker import Broker, open_broker
from chassis.requests import Requests
from chassis.sealing import OpeningKeys
from chassis.topology import TOPOLOGY
from ops import topology
from ops.management import open_management
from ops.migrate import ROLES, migrate
from ops.postgres import Postgres
from ops.rabbitmq import RabbitMQ
from ops.state import ROOT

TEMPLATE = "template_taskmesh"
PASSWORDS = dict.fromkeys((*ROLES, "gateway"), "only-for-tests")
VHOST = "tests"


@pytest.fixture(scope="session")
def scratch() -> Iterator[Path]:
    folder = ROOT / ".taskmesh" / "tests" / secrets.token_hex(4)
    folder.mkdir(parents=True)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
async def postgres(scratch: Path) -> AsyncIterator[Postgres]:
    server = Postgres(scratch / "postgres")
    async with server:
        await migrate(server.superuser_url, PASSWORDS, database=TEMPLATE)
        yield server
    server.forget()


@pytest.fixture(scope="session")
async def rabbitmq(scratch: Path) -> AsyncIterator[RabbitMQ]:
    server = RabbitMQ(scratch / "rabbitmq")
    async with server:
        await topology.declare(server.management_url, VHOST, server.admin, passwords=PASSWORDS)
        yield server
    server.forget()


@pytest.fixture
async def database(postgres: Postgres) -> AsyncIterator[str]:
    """The name of a migrated database that nobody else uses."""
    name = f"test_{secrets.token_hex(6)}"
    await _administer(
        postgres,
        f'CREATE DATABASE "{name}" TEMPLATE {TEMPLATE}',
        *(f'GRANT CONNECT ON DATABASE "{name}" TO {role}' for role in ROLES),
    )
    yield name
    await _administer(postgres, f'DROP DATABASE "{name}" WITH (FORCE)')


async def _administer(postgres: Postgres, *statements: str) -> None:
    connection = await asyncpg.connect(postgres.superuser_url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture
async def vhost(rabbitmq: RabbitMQ) -> str:
    """Every queue in it is empty when the test starts."""
    async with open_management(rabbitmq.management_url, rabbitmq.admin) as api:
        # A stream cannot be emptied, and who reads it says from where.
        names = [queue.name for queue in TOPOLOGY.queues if queue.arguments["x-queue-type"] != "stream"]
        await asyncio.gather(*(api.delete("queues", VHOST, name, "contents") for name in names))
    return VHOST


@dataclass(frozen=True)
class Addresses:
    """Where everything of one test is."""

    postgres: Postgres
    rabbitmq: RabbitMQ
    database: str
    vhost: str

    def database_url(self, role: str) -> str:
        return self.postgres.url(role, PASSWORDS[role], self.database)

    def amqp_url(self, user: str) -> str:
        return self.rabbitmq.amqp_url(user, PASSWORDS[user], self.vhost)

    @property
    def superuser_url(self) -> str:
        return urlsplit(self.postgres.superuser_url)._replace(path=f"/{self.database}").geturl()


@pytest.fixture
def addresses(postgres: Postgres, rabbitmq: RabbitMQ, database: str, vhost: str) -> Addresses:
    return Addresses(postgres, rabbitmq, database, vhost)


@pytest.fixture
async def superuser(addresses: Addresses) -> AsyncIterator[asyncpg.Connection]:
    """Sees every schema of the test's database."""
    connection = await asyncpg.connect(addresses.superuser_url)
    yield connection
    await connection.close()


@pytest.fixture
async def gateway_broker(addresses: Addresses) -> AsyncIterator[Broker]:
    async with open_broker(addresses.amqp_url("gateway"), "gateway") as broker:
        yield broker


@pytest.fixture
def requests(gateway_broker: Broker) -> Requests:
    return Requests(gateway_broker, max_pending=1000, max_pending_per_user=None)


@dataclass(frozen=True)
class Keys:
    auth_worker: str
    notifier: str

    @property
    def auth_sealing_key(self) -> str:
        return str(OpeningKeys(self.auth_worker).sealing_key)

    @property
    def notifier_sealing_key(self) -> str:
        return str(OpeningKeys(self.notifier).sealing_key)


@pytest.fixture(scope="session")
def keys() -> Keys:
    return Keys(OpeningKeys.generate(), OpeningKeys.generate())
