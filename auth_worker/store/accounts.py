from collections.abc import Sequence
from uuid import UUID

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from auth_worker.account import Account
from contracts.people import Person


async def insert_account(
    connection: PoolConnectionProxy, *, account_id: UUID, username: str, email: str, password_hash: str
) -> Account | None:
    """None when the username or the e-mail address is taken."""
    row = await connection.fetchrow(
        """
        INSERT INTO accounts (id, username, email, password_hash)
        VALUES ($1, $2, $3, $4)
            ON CONFLICT DO NOTHING
        RETURNING id, username, email, password_hash, email_verified_at, display_name, version, created_at, updated_at
        """,
        account_id,
        username,
        email,
        password_hash,
    )
    return None if row is None else Account(**row)


async def find_taken(connection: PoolConnectionProxy, *, username: str, email: str) -> tuple[bool, bool]:
    """Whether the name is, and whether the address is, as of one moment."""
    username_taken, email_taken = await connection.fetchval(
        """
        SELECT ARRAY[EXISTS (SELECT FROM accounts WHERE lower(username) = lower($1)),
                     EXISTS (SELECT FROM accounts WHERE lower(email) = lower($2))]
        """,
        username,
        email,
    )
    return username_taken, email_taken


async def find_account(connection: PoolConnectionProxy, account_id: UUID) -> Account | None:
    row = await connection.fetchrow(
        """
        SELECT id, username, email, password_hash, email_verified_at, display_name, version, created_at, updated_at
          FROM accounts
         WHERE id = $1
           AND closed_at IS NULL
        """,
        account_id,
    )
    return None if row is None else Account(**row)


async def lock_account(connection: PoolConnectionProxy, account_id: UUID) -> Account | None:
    """Nobody changes it, and nobody opens a session of it, before this transaction ends."""
    row = await connection.fetchrow(
        """
        SELECT id, username, email, password_hash, email_verified_at, display_name, version, created_at, updated_at
          FROM accounts
         WHERE id = $1
           AND closed_at IS NULL
           FOR UPDATE
        """,
        account_id,
    )
    return None if row is None else Account(**row)


async def find_account_by_login(connection: PoolConnectionProxy, login: str) -> Account | None:
    """By username or e-mail address; no username holds an @."""
    row = await connection.fetchrow(
        """
        SELECT id, username, email, password_hash, email_verified_at, display_name, version, created_at, updated_at
          FROM accounts
         WHERE lower(username) = lower($1)
            OR lower(email) = lower($1)
        """,
        login,
    )
    return None if row is None else Account(**row)


async def search_accounts(
    connection: PoolConnectionProxy, *, prefix: str, but: UUID, after: str | None, limit: int
) -> Sequence[Person]:
    """By username, from the first behind `after`. A tilde sorts behind everything that a username may hold."""
    rows = await connection.fetch(
        """
        SELECT id, username
          FROM accounts
         WHERE lower(username) COLLATE "C" >= lower($1)
           AND lower(username) COLLATE "C" < lower($1) || '~'
           AND ($3::text IS NULL OR lower(username) COLLATE "C" > lower($3))
           AND id <> $2
         ORDER BY lower(username) COLLATE "C"
         LIMIT $4
        """,
        prefix,
        but,
        after,
        limit,
    )
    return [Person(id=row["id"], username=row["username"]) for row in rows]


async def update_password_hash(connection: PoolConnectionProxy, account_id: UUID, password_hash: str) -> None:
    """The same password under newer parameters: nothing that anybody sees has changed."""
    await connection.execute("UPDATE accounts SET password_hash = $2 WHERE id = $1", account_id, password_hash)


async def save_account(connection: PoolConnectionProxy, account: Account) -> Account | None:
    """With the time of the change. None when another account has the e-mail address."""
    await connection.execute("SAVEPOINT before_account")
    try:
        row = await connection.fetchrow(
            """
            UPDATE accounts
               SET email = $3,
                   password_hash = $4,
                   email_verified_at = $5,
                   display_name = $6,
                   version = $2,
                   updated_at = now()
             WHERE id = $1
               AND version = $2 - 1
            RETURNING id, username, email, password_hash, email_verified_at, display_name, version, created_at,
                      updated_at
            """,
            account.id,
            account.version,
            account.email,
            account.password_hash,
            account.email_verified_at,
            account.display_name,
        )
    except asyncpg.UniqueViolationError:
        await connection.execute("ROLLBACK TO SAVEPOINT before_account")
        return None
    if row is None:
        raise LookupError(f"account {account.id} is not of version {account.version - 1}")
    return Account(**row)


async def erase_account(connection: PoolConnectionProxy, account_id: UUID) -> None:
    """Its name and its address are free again."""
    await connection.execute(
        """
        UPDATE accounts
           SET username = NULL,
               email = NULL,
               password_hash = NULL,
               email_verified_at = NULL,
               display_name = NULL,
               version = version + 1,
               updated_at = now(),
               closed_at = now()
         WHERE id = $1
        """,
        account_id,
    )
