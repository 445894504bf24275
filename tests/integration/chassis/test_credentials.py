"""A password is changed while the service runs: the next connection uses the one that the file says now."""

import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from pydantic import SecretStr

from chassis.broker import open_broker
from chassis.database import Database, open_database
from chassis.settings import current
from ops.management import Management, open_management
from tests.conftest import VHOST, Addresses
from tests.eventually import eventually

USER = "rotating"
OLD, NEW = "the-old-password", "the-new-password"


@pytest.fixture
async def database_role(superuser: asyncpg.Connection, addresses: Addresses) -> AsyncIterator[str]:
    role = f"rotating_{secrets.token_hex(4)}"
    await superuser.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{OLD}'")
    await superuser.execute(f'GRANT CONNECT ON DATABASE "{addresses.database}" TO {role}')
    yield role
    await superuser.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")


async def test_postgres_is_reached_with_the_new_password(
    addresses: Addresses, superuser: asyncpg.Connection, database_role: str, tmp_path: Path
) -> None:
    def url(password: str) -> str:
        return addresses.postgres.url(database_role, password, addresses.database)

    file = tmp_path / "database_url"
    file.write_text(url(OLD) + "\n")
    async with open_database(current(SecretStr(url("at-the-start")), file), application="tests", size=2) as database:
        assert await database.ping()
        await superuser.execute(f"ALTER ROLE {database_role} PASSWORD '{NEW}'")
        await superuser.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1", database_role
        )
        await eventually(lambda: _is_away(database))
        file.write_text(url(NEW))
        assert await eventually(database.ping)


async def _is_away(database: Database) -> bool:
    return not await database.ping()


async def test_rabbitmq_is_reached_with_the_new_password(addresses: Addresses, tmp_path: Path) -> None:
    rabbitmq = addresses.rabbitmq
    file = tmp_path / "amqp_url"
    file.write_text(rabbitmq.amqp_url(USER, OLD, VHOST))
    async with open_management(rabbitmq.management_url, rabbitmq.admin) as api:
        await api.put("users", USER, body={"password": OLD, "tags": ""})
        await api.put("permissions", VHOST, USER, body={"configure": "^$", "write": ".*", "read": ".*"})
        url = current(SecretStr(rabbitmq.amqp_url(USER, "at-the-start", VHOST)), file)
        async with open_broker(url, USER) as broker:
            await eventually(lambda: broker.can_publish)
            await api.put("users", USER, body={"password": NEW, "tags": ""})
            for name in [each["name"] for each in await eventually(lambda: _connections(api))]:
                await api.delete("connections", name)
            await eventually(lambda: not broker.can_publish)
            file.write_text(rabbitmq.amqp_url(USER, NEW, VHOST))
            await eventually(lambda: broker.can_publish, within=30)
        await api.delete("users", USER)


async def _connections(api: Management) -> list[dict[str, Any]]:
    return [each for each in await api.get("connections") if each.get("user") == USER]


def test_a_file_that_is_not_there_is_stood_in_for(tmp_path: Path) -> None:
    url = current(SecretStr("amqp://a:b@c"), tmp_path / "exchanged")
    assert url() == "amqp://a:b@c"
    (tmp_path / "exchanged").write_text("amqp://a:new@c\n")
    assert url() == "amqp://a:new@c"
    assert current(SecretStr("amqp://a:b@c"), None)() == "amqp://a:b@c"
