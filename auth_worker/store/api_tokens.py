from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from asyncpg.pool import PoolConnectionProxy

from contracts.api_tokens import ApiToken, ApiTokenOwner
from contracts.people import Person


async def insert_api_token(
    connection: PoolConnectionProxy,
    *,
    token_id: UUID,
    account_id: UUID,
    name: str,
    scopes: Sequence[str],
    token_sha: bytes,
    lifetime: timedelta,
) -> ApiToken:
    """The same token, if it was made before."""
    row = await connection.fetchrow(
        """
        INSERT INTO api_tokens (id, account_id, name, scopes, token_sha, expires_at)
        VALUES ($1, $2, $3, $4, $5, now() + $6::interval)
            ON CONFLICT (id) DO UPDATE
           SET id = api_tokens.id
        RETURNING id, name, scopes, created_at, expires_at
        """,
        token_id,
        account_id,
        name,
        scopes,
        token_sha,
        lifetime,
    )
    if row is None:
        raise LookupError(f"API token {token_id} was not written")
    return ApiToken(**row)


async def list_api_tokens(connection: PoolConnectionProxy, account_id: UUID) -> Sequence[ApiToken]:
    rows = await connection.fetch(
        """
        SELECT id, name, scopes, created_at, expires_at
          FROM api_tokens
         WHERE account_id = $1
           AND revoked_at IS NULL
           AND expires_at > now()
         ORDER BY created_at DESC, id DESC
        """,
        account_id,
    )
    return [ApiToken(**row) for row in rows]


async def find_owner(connection: PoolConnectionProxy, token_sha: bytes) -> ApiTokenOwner | None:
    row = await connection.fetchrow(
        """
        SELECT t.id, t.scopes, t.expires_at, a.id AS user_id, a.username
          FROM api_tokens t
          JOIN accounts a ON a.id = t.account_id
         WHERE t.token_sha = $1
           AND t.revoked_at IS NULL
           AND t.expires_at > now()
           AND a.closed_at IS NULL
        """,
        token_sha,
    )
    if row is None:
        return None
    return ApiTokenOwner(
        token_id=row["id"],
        user=Person(id=row["user_id"], username=row["username"]),
        scopes=tuple(row["scopes"]),
        expires_at=row["expires_at"],
    )


async def revoke_api_token(connection: PoolConnectionProxy, token_id: UUID, *, account_id: UUID) -> bool:
    revoked: bool | None = await connection.fetchval(
        """
        UPDATE api_tokens
           SET revoked_at = now()
         WHERE id = $1
           AND account_id = $2
           AND revoked_at IS NULL
           AND expires_at > now()
        RETURNING true
        """,
        token_id,
        account_id,
    )
    return revoked is True


async def revoke_api_tokens(connection: PoolConnectionProxy, account_id: UUID) -> Sequence[UUID]:
    """Every one of the account, which must be locked."""
    rows = await connection.fetch(
        """
        UPDATE api_tokens
           SET revoked_at = now()
         WHERE account_id = $1
           AND revoked_at IS NULL
           AND expires_at > now()
        RETURNING id
        """,
        account_id,
    )
    return [row["id"] for row in rows]


async def delete_expired(connection: PoolConnectionProxy) -> None:
    await connection.execute("DELETE FROM api_tokens WHERE expires_at < now() - interval '1 day'")
