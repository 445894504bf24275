"""Roles, the database and its schemas; then the numbered migrations of each worker."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from chassis import migrations
from ops.errors import OpsError
from ops.state import ROOT

DATABASE = "taskmesh"
OWNER = "taskmesh_owner"
OPERATOR = "operator"
_LOCK = 0x7461736B  # any number that nobody else locks


@dataclass(frozen=True)
class Worker:
    role: str  # also its package
    schema: str


WORKERS = (Worker("auth_worker", "auth"), Worker("task_worker", "tasks"), Worker("notifier", "notifier"))
ROLES = (*(worker.role for worker in WORKERS), OPERATOR)

_ROLE_SETTINGS = {
    "statement_timeout": "5s",
    "lock_timeout": "2s",
    "idle_in_transaction_session_timeout": "10s",
}


def _in_database(url: str, database: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


async def _connect(url: str) -> "asyncpg.Connection[asyncpg.Record]":
    try:
        return await asyncpg.connect(url)
    except (OSError, asyncpg.PostgresError) as error:
        place = urlsplit(url)
        raise OpsError(
            f"Postgres at {place.hostname}:{place.port} cannot be migrated: {error}. "
            "Check that it runs and that MIGRATION_DATABASE_URL names a superuser."
        ) from error


async def _locked(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Tries again instead of waiting inside Postgres, where a waiter would hold a snapshot."""
    while True:
        if await connection.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK):
            return
        await asyncio.sleep(0.1)


async def _run(connection: "asyncpg.Connection[asyncpg.Record]", statement: str, *names: str) -> None:
    """DDL takes no parameters, so Postgres itself quotes: %I a name, %L a text."""
    await connection.execute(await connection.fetchval("SELECT format($1, VARIADIC $2::text[])", statement, names))


async def _prepare_cluster(
    connection: "asyncpg.Connection[asyncpg.Record]", passwords: Mapping[str, str], database: str
) -> None:
    existing = {record["rolname"] for record in await connection.fetch("SELECT rolname FROM pg_roles")}
    for role in {OWNER, *ROLES} - existing:
        await _run(connection, "CREATE ROLE %I", role)
    for role in ROLES:
        if role in passwords:
            await _run(connection, "ALTER ROLE %I LOGIN PASSWORD %L", role, passwords[role])
        for setting, value in _ROLE_SETTINGS.items():
            await _run(connection, f"ALTER ROLE %I SET {setting} = %L", role, value)
    for worker in WORKERS:
        await _run(connection, "ALTER ROLE %I SET search_path = %I", worker.role, worker.schema)
    await _run(connection, "GRANT pg_read_all_data TO %I", OPERATOR)
    if not await connection.fetchval("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", database):
        statement = "CREATE DATABASE %I OWNER %I TEMPLATE template0 ENCODING 'UTF8'"
        await _run(connection, statement, database, OWNER)
    await _run(connection, "REVOKE ALL ON DATABASE %I FROM PUBLIC", database)
    for role in ROLES:
        await _run(connection, "GRANT CONNECT ON DATABASE %I TO %I", database, role)


async def _prepare_schemas(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    await connection.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
    for worker in WORKERS:
        await _run(connection, "CREATE SCHEMA IF NOT EXISTS %I AUTHORIZATION %I", worker.schema, OWNER)
        await _run(connection, "GRANT USAGE ON SCHEMA %I TO %I", worker.schema, worker.role)


async def migrate(superuser_url: str, passwords: Mapping[str, str], *, database: str = DATABASE) -> list[str]:
    """Safe to run again and at the same time as another; returns the names of the migrations it applied.

    A role without a password in `passwords` is there, but keeps the way to log in that it has, if any.
    """
    lock = await _connect(superuser_url)
    try:
        # Roles belong to the whole cluster, so two databases of one cluster take turns as well.
        await _locked(lock)
        await _prepare_cluster(lock, passwords, database)
        return await _migrate_database(_in_database(superuser_url, database))
    finally:
        await lock.close()


async def _migrate_database(url: str) -> list[str]:
    connection = await _connect(url)
    try:
        await _prepare_schemas(connection)
        applied = []
        for worker in WORKERS:
            folders = [migrations.CHASSIS_TABLES, ROOT / worker.role / "migrations"]
            # As the owner, so that the tables belong to it whoever runs the migration.
            try:
                applied += await migrations.migrate(f"{url}?role={OWNER}", schema=worker.schema, folders=folders)
            except migrations.MigrationError as error:
                raise OpsError(f"{error} On your own machine `taskmesh up --fresh` starts over.") from error
    finally:
        await connection.close()
    return applied
