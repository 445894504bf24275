"""Tokens that are sent by mail: a digest rests here, good once and for a while."""

from datetime import timedelta
from uuid import UUID

from asyncpg.pool import PoolConnectionProxy


async def insert_email_verification(
    connection: PoolConnectionProxy, *, account_id: UUID, email: str, token_sha: bytes, lifetime: timedelta
) -> None:
    await connection.execute(
        """
        INSERT INTO email_verifications (token_sha, account_id, email, expires_at)
        VALUES ($1, $2, $3, now() + $4::interval)
        """,
        token_sha,
        account_id,
        email,
        lifetime,
    )


async def use_email_verification(connection: PoolConnectionProxy, token_sha: bytes) -> tuple[UUID, str] | None:
    """Whose address it was, and which. None when the token is good for nothing."""
    row = await connection.fetchrow(
        """
        UPDATE email_verifications
           SET used_at = now()
         WHERE token_sha = $1
           AND used_at IS NULL
           AND expires_at > now()
        RETURNING account_id, email
        """,
        token_sha,
    )
    return None if row is None else (row["account_id"], row["email"])


async def forget_email_verifications(connection: PoolConnectionProxy, account_id: UUID) -> None:
    await connection.execute("DELETE FROM email_verifications WHERE account_id = $1", account_id)


async def insert_password_reset(
    connection: PoolConnectionProxy, *, account_id: UUID, token_sha: bytes, lifetime: timedelta
) -> None:
    await connection.execute(
        """
        INSERT INTO password_resets (token_sha, account_id, expires_at)
        VALUES ($1, $2, now() + $3::interval)
        """,
        token_sha,
        account_id,
        lifetime,
    )


async def find_password_reset(connection: PoolConnectionProxy, token_sha: bytes) -> UUID | None:
    """Whose password it sets."""
    account_id: UUID | None = await connection.fetchval(
        """
        SELECT account_id
          FROM password_resets
         WHERE token_sha = $1
           AND used_at IS NULL
           AND expires_at > now()
        """,
        token_sha,
    )
    return account_id


async def use_password_reset(connection: PoolConnectionProxy, token_sha: bytes) -> bool:
    used: bool | None = await connection.fetchval(
        """
        UPDATE password_resets
           SET used_at = now()
         WHERE token_sha = $1
           AND used_at IS NULL
           AND expires_at > now()
        RETURNING true
        """,
        token_sha,
    )
    return used is True


async def forget_password_resets(connection: PoolConnectionProxy, account_id: UUID) -> None:
    await connection.execute("DELETE FROM password_resets WHERE account_id = $1", account_id)


async def delete_expired(connection: PoolConnectionProxy) -> None:
    await connection.execute("DELETE FROM email_verifications WHERE expires_at < now()")
    await connection.execute("DELETE FROM password_resets WHERE expires_at < now()")
