import json
from datetime import timedelta
from typing import Any

from asyncpg.pool import PoolConnectionProxy


async def find_current_signing_key(connection: PoolConnectionProxy) -> tuple[str, str] | None:
    """Key id and sealed private key."""
    row = await connection.fetchrow(
        """
        SELECT kid, sealed_private_key
          FROM signing_keys
         WHERE activated_at IS NOT NULL
           AND retired_at IS NULL
        """
    )
    return None if row is None else (row["kid"], row["sealed_private_key"])


async def list_public_keys(connection: PoolConnectionProxy) -> list[dict[str, Any]]:
    """The current one, the next one, and those before as long as something that they signed may be good."""
    rows = await connection.fetch(
        """
        SELECT public_jwk
          FROM signing_keys
         ORDER BY retired_at DESC NULLS FIRST, activated_at NULLS LAST
        """
    )
    return [json.loads(row["public_jwk"]) for row in rows]


async def lock_signing_keys(connection: PoolConnectionProxy) -> None:
    """Nobody else adds or activates one before this transaction ends."""
    await connection.execute("LOCK TABLE signing_keys IN SHARE ROW EXCLUSIVE MODE")


async def find_age_of_current_key(connection: PoolConnectionProxy) -> timedelta | None:
    age: timedelta | None = await connection.fetchval(
        "SELECT now() - activated_at FROM signing_keys WHERE activated_at IS NOT NULL AND retired_at IS NULL"
    )
    return age


async def find_age_of_next_key(connection: PoolConnectionProxy) -> timedelta | None:
    age: timedelta | None = await connection.fetchval(
        "SELECT now() - created_at FROM signing_keys WHERE activated_at IS NULL"
    )
    return age


async def insert_signing_key(
    connection: PoolConnectionProxy, *, kid: str, sealed_private_key: str, public_jwk: dict[str, Any]
) -> None:
    """As the next one."""
    await connection.execute(
        "INSERT INTO signing_keys (kid, sealed_private_key, public_jwk) VALUES ($1, $2, $3)",
        kid,
        sealed_private_key,
        json.dumps(public_jwk),
    )


async def retire_current_key(connection: PoolConnectionProxy) -> None:
    await connection.execute(
        "UPDATE signing_keys SET retired_at = now() WHERE activated_at IS NOT NULL AND retired_at IS NULL"
    )


async def activate_next_key(connection: PoolConnectionProxy) -> None:
    await connection.execute("UPDATE signing_keys SET activated_at = now() WHERE activated_at IS NULL")


async def delete_retired_keys(connection: PoolConnectionProxy, *, after: timedelta) -> None:
    await connection.execute("DELETE FROM signing_keys WHERE retired_at < now() - $1::interval", after)
