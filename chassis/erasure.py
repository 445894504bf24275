"""Takes the names of closed accounts out of what is kept for ever.

An hour after the account was closed: by then everybody has heard of it from the event that names its owner for the last
time, and what was still under way has arrived.
"""

from collections.abc import Awaitable, Callable, Collection
from uuid import UUID

from asyncpg.pool import PoolConnectionProxy

from chassis.database import Database
from chassis.recurring import recur

_EVERY = 60.0  # seconds
_AT_ONCE = 1000  # events
_BEFORE_ALL = UUID(int=0)

Erase = Callable[[Database, UUID], Awaitable[None]]


async def ask(connection: PoolConnectionProxy, person_id: UUID) -> None:
    await connection.execute("INSERT INTO erasures (person_id) VALUES ($1) ON CONFLICT DO NOTHING", person_id)


async def list_due(connection: PoolConnectionProxy, *, among: Collection[UUID]) -> list[UUID]:
    """Those whose names are gone, or going now."""
    rows = await connection.fetch(
        """
        SELECT person_id
          FROM erasures
         WHERE person_id = ANY ($1::uuid[])
           AND asked_at < now() - interval '1 hour'
        """,
        list(among),
    )
    return [row["person_id"] for row in rows]


class Eraser:
    def __init__(self, database: Database, *more: Erase) -> None:
        """`more` erases what a worker keeps beside its events."""
        self._database = database
        self._erase = (_erase_events, *more)

    async def keep(self) -> None:
        await recur(self._erase_all, every=_EVERY, put_off="names are erased later")

    async def _erase_all(self) -> None:
        while await self._erase_next():
            pass

    async def _erase_next(self) -> bool:
        """Whether there may be more. What a crash interrupts is done again from the beginning, to the same effect."""
        async with self._database.acquire() as connection:
            person_id = await _find_due(connection)
        if person_id is None:
            return False
        for erase in self._erase:
            await erase(self._database, person_id)
        async with self._database.acquire() as connection:
            await _mark_done(connection, person_id)
        return True


async def _find_due(connection: PoolConnectionProxy) -> UUID | None:
    person_id: UUID | None = await connection.fetchval(
        """
        SELECT person_id
          FROM erasures
         WHERE done_at IS NULL
           AND asked_at < now() - interval '1 hour'
         ORDER BY asked_at
         LIMIT 1
        """
    )
    return person_id


async def _erase_events(database: Database, person_id: UUID) -> None:
    """Also what is not published yet, which after an hour waits for an operator."""
    last: UUID | None = _BEFORE_ALL
    while last is not None:
        async with database.acquire() as connection:
            last = await connection.fetchval("SELECT erase_events($1, $2, $3)", person_id, last, _AT_ONCE)


async def _mark_done(connection: PoolConnectionProxy, person_id: UUID) -> None:
    await connection.execute("UPDATE erasures SET done_at = now() WHERE person_id = $1", person_id)
