import asyncio
from datetime import timedelta

from asyncpg.pool import PoolConnectionProxy
from uuid_utils.compat import uuid7

from auth_worker.store import accounts, sessions
from chassis.database import Database
from tests.eventually import eventually

LIFETIME = timedelta(days=1)


async def test_who_waited_for_the_lock_sees_what_was_changed_meanwhile_and_when_that_was_over(
    connection: PoolConnectionProxy, pool: Database
) -> None:
    account_id, session_id = uuid7(), uuid7()
    async with pool.acquire() as other:
        await accounts.insert_account(
            other, account_id=account_id, username="ada", email="ada@example.org", password_hash="x"
        )
        opened = await sessions.insert_session(
            other, session_id=session_id, account_id=account_id, lifetime=LIFETIME, user_agent=None, address=None
        )
        await other.execute("BEGIN")
        held = await sessions.lock_session(other, session_id)
        assert held is not None
        assert (held[0].current(), held[1].username) == (opened, "ada")
        waiting = asyncio.create_task(sessions.lock_session(connection, session_id))
        await sessions.rotate_session(other, held[0].rotated())
        await eventually(lambda: other.fetchval("SELECT count(*) > 0 FROM pg_locks WHERE NOT granted"))
        rotated_at = await sessions.read_clock(other)
        await other.execute("COMMIT")
    found = await waiting
    assert found is not None
    assert found[0].current() == held[0].rotated()
    assert found[0].locked_at > rotated_at


async def test_a_session_of_a_closed_account_is_none(connection: PoolConnectionProxy) -> None:
    account_id, session_id = uuid7(), uuid7()
    await accounts.insert_account(
        connection, account_id=account_id, username="ada", email="ada@example.org", password_hash="x"
    )
    await sessions.insert_session(
        connection, session_id=session_id, account_id=account_id, lifetime=LIFETIME, user_agent=None, address=None
    )
    assert await sessions.lock_session(connection, session_id) is not None
    await accounts.erase_account(connection, account_id)
    assert await sessions.lock_session(connection, session_id) is None
