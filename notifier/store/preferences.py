from collections.abc import Collection
from uuid import UUID

from asyncpg.pool import PoolConnectionProxy

from contracts.notifications import Preferences


async def find_preferences(connection: PoolConnectionProxy, user_id: UUID) -> Preferences:
    """The defaults, where nobody has changed any."""
    document = await connection.fetchval("SELECT document FROM preferences WHERE user_id = $1", user_id)
    return Preferences() if document is None else Preferences.model_validate_json(document)


async def lock_preferences(connection: PoolConnectionProxy, user_id: UUID) -> Preferences:
    document = await connection.fetchval(
        """
        WITH made AS (
             INSERT INTO preferences (user_id, version, document)
             VALUES ($1, 1, $2)
                 ON CONFLICT (user_id) DO UPDATE
                SET user_id = excluded.user_id
             RETURNING document
        )
        SELECT document FROM made
        """,
        user_id,
        Preferences().model_dump_json(),
    )
    return Preferences.model_validate_json(document)


async def list_preferences(connection: PoolConnectionProxy, user_ids: Collection[UUID]) -> dict[UUID, Preferences]:
    if not user_ids:
        return {}
    rows = await connection.fetch(
        "SELECT user_id, document FROM preferences WHERE user_id = ANY ($1::uuid[])", list(user_ids)
    )
    changed = {row["user_id"]: Preferences.model_validate_json(row["document"]) for row in rows}
    return {user_id: changed.get(user_id) or Preferences() for user_id in user_ids}


async def save_preferences(connection: PoolConnectionProxy, user_id: UUID, preferences: Preferences) -> None:
    await connection.execute(
        """
        UPDATE preferences
           SET version = $2,
               document = $3,
               updated_at = now()
         WHERE user_id = $1
        """,
        user_id,
        preferences.version,
        preferences.model_dump_json(),
    )
