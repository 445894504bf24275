"""Applies numbered SQL files to a schema: forward only, each once, and never one that was edited afterwards."""

import asyncio
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncpg

CHASSIS_TABLES = Path(__file__).parent / "sql"

_LOCK = 0x7461736B
_OUTSIDE_TRANSACTION = "-- outside a transaction"
"""First line of a file with a statement that Postgres runs only alone, such as CREATE INDEX CONCURRENTLY."""


class MigrationError(Exception):
    pass


@dataclass(frozen=True)
class _Migration:
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


async def migrate(url: str, *, schema: str, folders: Sequence[Path]) -> list[str]:
    """Brings `schema` up to date, as the role of `url`, and returns the names of what was applied.

    Several at once are safe: they take turns.
    """
    connection = await asyncpg.connect(url, server_settings={"search_path": schema, "lock_timeout": "60s"})
    try:
        await _take_turn(connection)
        await connection.execute(
            """
            CREATE TABLE IF NOT EXISTS schema_migrations (
              name       text        PRIMARY KEY,
              checksum   text        NOT NULL,
              applied_at timestamptz NOT NULL DEFAULT now()
            )
            """
        )
        rows = await connection.fetch("SELECT name, checksum FROM schema_migrations")
        applied = {row["name"]: row["checksum"] for row in rows}
        return [migration.name for migration in _read(folders) if await _apply(connection, migration, applied)]
    finally:
        await connection.close()


async def _take_turn(connection: asyncpg.Connection) -> None:
    """Tries and sleeps: a blocking lock holds a snapshot, which deadlocks with CREATE INDEX CONCURRENTLY."""
    while not await connection.fetchval("SELECT pg_try_advisory_lock($1, hashtext(current_schema()))", _LOCK):  # noqa: ASYNC110
        await asyncio.sleep(0.2)


def _read(folders: Sequence[Path]) -> Iterator[_Migration]:
    for folder in folders:
        for file in sorted(folder.glob("*.sql")):
            yield _Migration(f"{folder.parent.name}/{file.stem}", file.read_text())


async def _apply(connection: asyncpg.Connection, migration: _Migration, applied: dict[str, str]) -> bool:
    if migration.name in applied:
        if applied[migration.name] != migration.checksum:
            raise MigrationError(
                f"{migration.name} was changed after it was applied. Restore it, and write a new migration instead."
            )
        return False
    if migration.sql.startswith(_OUTSIDE_TRANSACTION):
        await connection.execute(migration.sql)
        await _record(connection, migration)
    else:
        async with connection.transaction():
            await connection.execute(migration.sql)
            await _record(connection, migration)
    return True


async def _record(connection: asyncpg.Connection, migration: _Migration) -> None:
    await connection.execute(
        "INSERT INTO schema_migrations (name, checksum) VALUES ($1, $2)", migration.name, migration.checksum
    )
