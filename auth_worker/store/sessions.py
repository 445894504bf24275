from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from asyncpg.pool import PoolConnectionProxy

from auth_worker.account import Account
from auth_worker.session import Ended, HeldSession
from auth_worker.tokens import Session
from contracts.sessions import Revocation
from contracts.sessions import Session as SessionView


async def insert_session(
    connection: PoolConnectionProxy,
    *,
    session_id: UUID,
    account_id: UUID,
    lifetime: timedelta,
    user_agent: str | None,
    address: str | None,
) -> Session:
    """The same session, if it was opened before."""
    row = await connection.fetchrow(
        """
        INSERT INTO sessions (id, account_id, expires_at, user_agent, address)
        VALUES ($1, $2, now() + $3::interval, $4, $5)
            ON CONFLICT (id) DO UPDATE
           SET id = sessions.id
         WHERE sessions.account_id = excluded.account_id
        RETURNING id, account_id, generation, issued_at
        """,
        session_id,
        account_id,
        lifetime,
        user_agent,
        address,
    )
    if row is None:
        raise LookupError(f"session {session_id} belongs to another account")
    return Session(**row)


async def lock_session(connection: PoolConnectionProxy, session_id: UUID) -> tuple[HeldSession, Account] | None:
    """None when there is none, or its account is closed."""
    row = await connection.fetchrow(
        """
        WITH held AS (
             SELECT id, account_id, generation, issued_at, expires_at, revoked_at, version
               FROM sessions
              WHERE id = $1
                FOR UPDATE
        )
        SELECT held.*, clock_timestamp(),
               accounts.id, username, email, password_hash, email_verified_at, display_name,
               accounts.version, created_at, updated_at
          FROM held
          JOIN accounts ON accounts.id = account_id
           AND closed_at IS NULL
        """,
        session_id,
    )
    return None if row is None else (HeldSession(*row[:8]), Account(*row[8:]))


async def read_clock(connection: PoolConnectionProxy) -> datetime:
    """The database's, so that several workers agree on when a token was rotated."""
    now: datetime = await connection.fetchval("SELECT clock_timestamp()")
    return now


async def rotate_session(connection: PoolConnectionProxy, session: Session) -> None:
    await connection.execute(
        """
        UPDATE sessions
           SET generation = $2,
               issued_at = $3
         WHERE id = $1
           AND generation = $2 - 1
        """,
        session.id,
        session.generation,
        session.issued_at,
    )


async def is_session_open(connection: PoolConnectionProxy, session_id: UUID) -> bool:
    is_open: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM sessions WHERE id = $1 AND revoked_at IS NULL AND expires_at > now())", session_id
    )
    return is_open


async def end_session(
    connection: PoolConnectionProxy, session_id: UUID, *, account_id: UUID, reason: str
) -> Ended | None:
    """None when there is none that is open."""
    row = await connection.fetchrow(
        """
        UPDATE sessions
           SET revoked_at = now(),
               revocation_reason = $3,
               version = version + 1
         WHERE id = $1
           AND account_id = $2
           AND revoked_at IS NULL
           AND expires_at > now()
        RETURNING id, version
        """,
        session_id,
        account_id,
        reason,
    )
    return None if row is None else Ended(**row)


async def end_sessions(
    connection: PoolConnectionProxy, account_id: UUID, *, reason: str, but: UUID | None = None
) -> Sequence[Ended]:
    """Every open one of the account, which must be locked, so that two of these never wait for each other."""
    rows = await connection.fetch(
        """
        UPDATE sessions
           SET revoked_at = now(),
               revocation_reason = $2,
               version = version + 1
         WHERE account_id = $1
           AND revoked_at IS NULL
           AND expires_at > now()
           AND id IS DISTINCT FROM $3
        RETURNING id, version
        """,
        account_id,
        reason,
        but,
    )
    return [Ended(**row) for row in rows]


async def list_sessions(connection: PoolConnectionProxy, account_id: UUID, *, current: UUID) -> Sequence[SessionView]:
    rows = await connection.fetch(
        """
        SELECT id, created_at, issued_at AS last_used_at, expires_at, user_agent, address, id = $2 AS current
          FROM sessions
         WHERE account_id = $1
           AND revoked_at IS NULL
           AND expires_at > now()
         ORDER BY issued_at DESC, id DESC
        """,
        account_id,
        current,
    )
    return [SessionView(**row) for row in rows]


async def forget_origins(connection: PoolConnectionProxy, account_id: UUID) -> None:
    await connection.execute("UPDATE sessions SET user_agent = NULL, address = NULL WHERE account_id = $1", account_id)


async def list_revocations(
    connection: PoolConnectionProxy, *, since: datetime, after: Revocation | None, limit: int
) -> Sequence[Revocation]:
    rows = await connection.fetch(
        """
        SELECT id, revoked_at AS at
          FROM (SELECT id, revoked_at FROM sessions UNION ALL SELECT id, revoked_at FROM api_tokens) AS ended
         WHERE revoked_at >= $1
           AND ($2::timestamptz IS NULL OR (revoked_at, id) > ($2, $3::uuid))
         ORDER BY revoked_at, id
         LIMIT $4
        """,
        since,
        after.at if after else None,
        after.id if after else None,
        limit,
    )
    return [Revocation(**row) for row in rows]


async def delete_expired(connection: PoolConnectionProxy) -> None:
    """A day late, so that who looks for the reason of a 401 still finds it."""
    await connection.execute("DELETE FROM sessions WHERE expires_at < now() - interval '1 day'")
