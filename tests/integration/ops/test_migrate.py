import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from ops.errors import OpsError
from ops.migrate import ROLES, WORKERS, migrate
from ops.postgres import Postgres

# As in the conftest, because roles belong to the server and not to the database.
PASSWORDS = dict.fromkeys(ROLES, "only-for-tests")


@pytest.fixture
async def name(postgres: Postgres) -> AsyncIterator[str]:
    name = f"migrate_{secrets.token_hex(4)}"
    yield name
    connection = await asyncpg.connect(postgres.superuser_url)
    await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    await connection.close()


@asynccontextmanager
async def connected(postgres: Postgres, role: str, database: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(postgres.url(role, PASSWORDS[role], database))
    try:
        yield connection
    finally:
        await connection.close()


async def test_several_at_once_apply_each_migration_once(postgres: Postgres, name: str) -> None:
    applied = await asyncio.gather(*(migrate(postgres.superuser_url, PASSWORDS, database=name) for _ in range(3)))
    everything = [migration for each in applied for migration in each]
    assert everything.count("chassis/0001_inbox_event_log_outbox") == len(WORKERS)
    assert await migrate(postgres.superuser_url, PASSWORDS, database=name) == []


async def test_a_worker_is_at_home_in_its_schema_and_nowhere_else(postgres: Postgres, name: str) -> None:
    await migrate(postgres.superuser_url, PASSWORDS, database=name)
    async with connected(postgres, "task_worker", name) as worker:
        assert await worker.fetchval("SELECT current_schema()") == "tasks"
        assert await worker.fetchval("SHOW statement_timeout") == "5s"
        assert await worker.fetchval("SHOW idle_in_transaction_session_timeout") == "10s"
        assert await worker.fetchval("SELECT count(*) FROM outbox") == 0
        for refused in (
            "SELECT FROM auth.outbox",
            "DELETE FROM event_log",
            "UPDATE event_log SET type = ''",
            "DELETE FROM schema_migrations",
            "CREATE TABLE mine ()",
            "CREATE TABLE public.mine ()",
            "CREATE SCHEMA mine",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await worker.execute(refused)


async def test_the_operator_reads_everything_and_changes_nothing(postgres: Postgres, name: str) -> None:
    await migrate(postgres.superuser_url, PASSWORDS, database=name)
    async with connected(postgres, "operator", name) as operator:
        for worker in WORKERS:
            assert await operator.fetchval(f"SELECT count(*) FROM {worker.schema}.event_log") == 0
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await operator.execute("DELETE FROM tasks.outbox")


async def test_another_process_finds_the_superuser_by_folder_and_port(postgres: Postgres) -> None:
    elsewhere = Postgres(postgres.folder, port=postgres.port)
    connection = await asyncpg.connect(elsewhere.superuser_url)
    assert await connection.fetchval("SELECT current_user") == "postgres"
    await connection.close()


async def test_a_server_that_is_away_is_named() -> None:
    with pytest.raises(OpsError, match=r"127\.0\.0\.1:1 .*MIGRATION_DATABASE_URL"):
        await migrate("postgresql://postgres:secret@127.0.0.1:1/postgres", PASSWORDS)
