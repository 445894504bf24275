"""The connection pool: waits are bounded, first come is first served, and losing the server has one name."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import structlog
from asyncpg.pool import PoolConnectionProxy

from chassis import metrics
from chassis.errors import Unavailable
from chassis.settings import Url
from contracts.problems import DATABASE_UNAVAILABLE, OVERLOADED

log = structlog.get_logger()

_ACQUIRE_TIMEOUT = 0.5  # seconds
_IDLE = 300.0  # seconds

LOST = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    # What asyncpg says on a connection that has just been lost, depending on what it was about to do.
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
"""What it looks like when Postgres is away or goes away."""


class Database:
    def __init__(self, url: Url, *, application: str, size: int, plans_once: bool) -> None:
        self._url = url
        self._application = application
        self._size = size
        self._settings = {"application_name": application, "timezone": "UTC"}
        if plans_once:
            self._settings["plan_cache_mode"] = "force_generic_plan"
        self._pending = metrics.DATABASE_PENDING.labels(application)
        self._pool: asyncpg.Pool
        # asyncpg's own queue is unfair under contention, and its wait for a frozen server has no end.
        self._permits = asyncio.Semaphore(size)
        # asyncpg makes several tasks to hand one out and to take it back: those that are in use all the time stay here.
        self._idle: deque[tuple[PoolConnectionProxy, float]] = deque()

    async def open(self) -> None:
        """Connects to nobody yet: a server that is away is found out about by who needs it."""
        self._pool = await asyncpg.create_pool(
            connect=self._connect,
            min_size=0,
            max_size=self._size,
            timeout=2,
            command_timeout=10,
            max_inactive_connection_lifetime=_IDLE,
            reset=_nothing,
            server_settings=self._settings,
        )
        self._show(self._pool)

    async def _connect(self, *_: Any, **settings: Any) -> asyncpg.Connection:
        return await asyncpg.connect(self._url(), **settings)

    async def close(self) -> None:
        try:
            async with asyncio.timeout(5):
                while connection := self._take():
                    await self._release(self._pool, connection)
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[PoolConnectionProxy]:
        """Raises Unavailable at once when Postgres is away, and after half a second when every connection is busy.

        A connection lost inside the block is Unavailable too: an open transaction died with it.
        """
        pool, started = self._pool, time.perf_counter()
        try:
            if self._permits.locked():
                with self._pending.track_inprogress():
                    async with asyncio.timeout(_ACQUIRE_TIMEOUT):
                        await self._permits.acquire()
            else:
                await self._permits.acquire()
        except TimeoutError as error:
            raise Unavailable(OVERLOADED, "every database connection is busy") from error
        try:
            try:
                connection = self._take() or await pool.acquire(timeout=_ACQUIRE_TIMEOUT)
            except (*LOST, TimeoutError) as error:
                raise Unavailable(DATABASE_UNAVAILABLE) from error
            metrics.DATABASE_WAIT.observe(time.perf_counter() - started)
            done = False
            try:
                yield connection
                done = True
            except asyncpg.DataError:
                raise
            except LOST as error:
                raise Unavailable(DATABASE_UNAVAILABLE) from error
            finally:
                leaving = self._keep(connection) if done else connection
                if leaving is not None:
                    await self._release(pool, leaving)
        finally:
            self._permits.release()

    def _take(self) -> PoolConnectionProxy | None:
        """The one that was used last."""
        while self._idle:
            connection, _ = self._idle.pop()
            if _is_free(connection):
                return connection
        return None

    def _keep(self, connection: PoolConnectionProxy) -> PoolConnectionProxy | None:
        """Returns this one where it cannot be used again, or another one that was not needed for long."""
        if not _is_free(connection):
            return connection
        now = time.monotonic()
        self._idle.append((connection, now))
        return self._idle.popleft()[0] if self._idle[0][1] < now - _IDLE else None

    async def _release(self, pool: asyncpg.Pool, connection: PoolConnectionProxy) -> None:
        """A connection in an open transaction is thrown away: that rolls back, and nothing of it stays."""
        try:
            if connection.is_in_transaction():
                connection.terminate()
            await pool.release(connection, timeout=1)
        except (*LOST, TimeoutError) as error:
            log.warning("database connection dropped", error=type(error).__name__)

    async def ping(self) -> bool:
        try:
            async with asyncio.timeout(1), self.acquire() as connection:
                await connection.execute("SELECT 1")
        except (Unavailable, TimeoutError, asyncpg.PostgresError):
            return False
        return True

    def _show(self, pool: asyncpg.Pool) -> None:
        """Read at every scrape, so that nobody has to remember to measure."""
        name, count = self._application, metrics.DATABASE_CONNECTIONS
        metrics.DATABASE_MAX.labels(name).set(self._size)
        count.labels(name, "idle").set_function(lambda: self._count_idle(pool))
        count.labels(name, "used").set_function(lambda: pool.get_size() - self._count_idle(pool))

    def _count_idle(self, pool: asyncpg.Pool) -> int:
        return len(self._idle) + pool.get_idle_size()


def _is_free(connection: PoolConnectionProxy) -> bool:
    try:
        return not (connection.is_closed() or connection.is_in_transaction())
    except asyncpg.InterfaceError:
        # One that is lost has left asyncpg's pool, and refuses every question.
        return False


async def _nothing(_: asyncpg.Connection) -> None:
    """asyncpg would reset the session at every release, a round trip; no handler changes the session."""


@asynccontextmanager
async def open_database(
    url: str | Url, *, application: str, size: int, plans_once: bool = False
) -> AsyncIterator[Database]:
    """`plans_once` is for statements that one plan fits, whatever their arguments.

    Where they are many arrays, Postgres would plan at each call, for longer than it writes.
    """
    database = Database(
        url if callable(url) else lambda: url, application=application, size=size, plans_once=plans_once
    )
    await database.open()
    try:
        yield database
    finally:
        await database.close()
