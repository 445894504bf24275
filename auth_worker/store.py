"""Every SQL statement of this service."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

from asyncpg.pool import PoolConnectionProxy

from auth_worker.account import Account
from auth_worker.tokens import Session


async def insert_account(
    connection: PoolConnectionProxy, *, account_id: UUID, username: str, email: str, password_hash: str
) -> Account | None:
    """None when the username or the e-mail address is taken."""
    row = await connection.fetchrow(
        """
        INSERT INTO accounts (id, username, email, password_hash)
        VALUES ($1, $2, $3, $4)
            ON CONFLICT DO NOTHING
        RETURNING id, username, email, password_hash, email_verified_at, version, created_at, updated_at
        """,
        account_id,
        username,
        email,
        password_hash,
    )
    return None if row is None else Account(**row)


async def is_username_taken(connection: PoolConnectionProxy, username: str) -> bool:
    taken: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM accounts WHERE lower(username) = lower($1))", username
    )
    return taken


async def is_email_taken(connection: PoolConnectionProxy, email: str) -> bool:
    taken: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM accounts WHERE lower(email) = lower($1))", email
    )
    return taken


async def find_account(connection: PoolConnectionProxy, account_id: UUID) -> Account | None:
    row = await connection.fetchrow(
        """
        SELECT id, username, email, password_hash, email_verified_at, version, created_at, updated_at
          FROM accounts
         WHERE id = $1
        """,
        account_id,
    )
    return None if row is None else Account(**row)


async def find_account_by_login(connection: PoolConnectionProxy, login: str) -> Account | None:
    """By username or e-mail address; no username holds an @."""
    row = await connection.fetchrow(
        """
        SELECT id, username, email, password_hash, email_verified_at, version, created_at, updated_at
          FROM accounts
         WHERE lower(username) = lower($1)
            OR lower(email) = lower($1)
        """,
        login,
    )
    return None if row is None else Account(**row)


async def update_password_hash(connection: PoolConnectionProxy, account_id: UUID, password_hash: str) -> None:
    """The same password under newer parameters: nothing that anybody sees has changed."""
    await connection.execute("UPDATE accounts SET password_hash = $2 WHERE id = $1", account_id, password_hash)


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


async def insert_session(
    connection: PoolConnectionProxy, *, session_id: UUID, account_id: UUID, lifetime: timedelta
) -> Session:
    """The same session, if it was opened before."""
    row = await connection.fetchrow(
        """
        INSERT INTO sessions (id, account_id, expires_at)
        VALUES ($1, $2, now() + $3::interval)
            ON CONFLICT (id) DO UPDATE
           SET id = sessions.id
         WHERE sessions.account_id = excluded.account_id
        RETURNING id, account_id, generation, issued_at
        """,
        session_id,
        account_id,
        lifetime,
    )
    if row is None:
        raise LookupError(f"session {session_id} belongs to another account")
    return Session(**row)


async def find_current_signing_key(connection: PoolConnectionProxy) -> tuple[str, str] | None:
    """Key id and sealed private key."""
    row = await connection.fetchrow(
        """
        SELECT kid, sealed_private_key
          FROM signing_keys
         ORDER BY created_at DESC
         LIMIT 1
        """
    )
    return None if row is None else (row["kid"], row["sealed_private_key"])


async def list_public_keys(connection: PoolConnectionProxy) -> list[dict[str, Any]]:
    rows = await connection.fetch("SELECT public_jwk FROM signing_keys ORDER BY created_at DESC")
    return [json.loads(row["public_jwk"]) for row in rows]


async def lock_signing_keys(connection: PoolConnectionProxy) -> int:
    """How many there are. Nobody else adds one before this transaction ends."""
    await connection.execute("LOCK TABLE signing_keys IN SHARE ROW EXCLUSIVE MODE")
    count: int = await connection.fetchval("SELECT count(*) FROM signing_keys")
    return count


async def insert_signing_key(
    connection: PoolConnectionProxy, *, kid: str, sealed_private_key: str, public_jwk: dict[str, Any]
) -> None:
    await connection.execute(
        "INSERT INTO signing_keys (kid, sealed_private_key, public_jwk) VALUES ($1, $2, $3)",
        kid,
        sealed_private_key,
        json.dumps(public_jwk),
    )
