from collections.abc import Mapping
from typing import Any
from uuid import UUID

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from notifier.seals import Seal

Connection = PoolConnectionProxy | asyncpg.Connection


def _seal(row: asyncpg.Record) -> Seal:
    return Seal(row["first_position"], row["last_position"], bytes(row["previous"]), bytes(row["seal"]))


async def find_last_seal(connection: Connection) -> Seal | None:
    row = await connection.fetchrow(
        """
        SELECT first_position, last_position, previous, seal
          FROM activity_seals
         ORDER BY first_position DESC
         LIMIT 1
        """
    )
    return None if row is None else _seal(row)


async def list_seals(connection: Connection) -> list[Seal]:
    rows = await connection.fetch(
        "SELECT first_position, last_position, previous, seal FROM activity_seals ORDER BY first_position"
    )
    return [_seal(row) for row in rows]


async def list_rows(connection: Connection, *, first: int, last: int) -> list[Mapping[str, Any]]:
    """Whole rows of the activity log."""
    rows = await connection.fetch(
        "SELECT activity.* FROM activity WHERE position BETWEEN $1 AND $2 ORDER BY position", first, last
    )
    return [dict(row) for row in rows]


async def list_closed_accounts(connection: Connection) -> frozenset[UUID]:
    """As the activity log itself says."""
    rows = await connection.fetch(
        "SELECT resource_id FROM activity WHERE resource_type = 'user' AND action = 'deleted'"
    )
    return frozenset(row["resource_id"] for row in rows)


async def insert_seal(connection: Connection, seal: Seal) -> None:
    """Of two who seal the same segment one is refused."""
    await connection.execute(
        """
        INSERT INTO activity_seals (first_position, last_position, previous, seal)
        VALUES ($1, $2, $3, $4)
            ON CONFLICT DO NOTHING
        """,
        seal.first_position,
        seal.last_position,
        seal.previous,
        seal.seal,
    )
