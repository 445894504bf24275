"""Work that nobody asks for, done by one replica at a time: the one that holds the advisory lock.

What it does, it does in transactions of the connection that holds the lock: when that connection dies, the lock, the
transaction and the leadership end together, and another replica takes over.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

import asyncpg
import structlog
from asyncpg.pool import PoolConnectionProxy
from uuid_utils.compat import uuid7

from chassis import outbox
from chassis.database import LOST
from chassis.envelope import Envelope
from chassis.failpoints import reach
from chassis.subscription import Delivery, Tells

log = structlog.get_logger()

_LOOK = 1.0  # seconds


@dataclass(frozen=True, slots=True)
class Done:
    """`count` of 0: nothing is left for now."""

    count: int
    tells: Tells = ()


@dataclass(frozen=True, slots=True)
class Duty:
    """`perform` does a bounded piece, and is called again at once for the next; then after `every` seconds."""

    name: str
    every: float
    perform: Callable[[Delivery], Awaitable[Done]]


class Duties:
    def __init__(
        self, database_url: str, duties: Sequence[Duty], *, service: str, committed: Callable[[], None]
    ) -> None:
        self._database_url = database_url
        self._duties = duties
        self._service = service
        self._committed = committed

    async def keep(self) -> None:
        while True:
            try:
                connection = await asyncpg.connect(
                    self._database_url,
                    timeout=2,
                    command_timeout=10,
                    server_settings={"application_name": f"{self._service} duties", "timezone": "UTC"},
                )
                try:
                    await self._lead(connection)
                finally:
                    connection.terminate()
            except (*LOST, asyncpg.InterfaceError, asyncpg.PostgresError, TimeoutError) as error:
                log.warning("duties paused", error=type(error).__name__, reason=str(error)[:200])
            await asyncio.sleep(0.5 + random.random() / 2)  # noqa: S311

    async def _lead(self, connection: asyncpg.Connection) -> None:
        # Not a lock that waits: a standby would have a transaction open for as long as it stands by.
        while not await connection.fetchval(  # noqa: ASYNC110
            "SELECT pg_try_advisory_lock(hashtext(current_schema()), hashtext('duties'))"
        ):
            await asyncio.sleep(_LOOK)
        log.info("leads the duties", duties=[duty.name for duty in self._duties])
        due = dict.fromkeys((duty.name for duty in self._duties), 0.0)
        loop = asyncio.get_running_loop()
        while True:
            for duty in self._duties:
                if loop.time() >= due[duty.name] and await self._perform(duty, connection) == 0:
                    due[duty.name] = loop.time() + duty.every
            await asyncio.sleep(max(0.0, min(due.values()) - loop.time()))

    async def _perform(self, duty: Duty, connection: asyncpg.Connection) -> int:
        envelope = Envelope(
            message_id=uuid7(),
            wire_name=duty.name,
            sent_at=datetime.now(UTC),
            sender=self._service,
            actor=None,
            caller=None,
            idempotency_key=None,
            request_sha="",
        )
        proxy = cast(PoolConnectionProxy, connection)
        async with connection.transaction():
            done = await duty.perform(Delivery(envelope, proxy))
            await outbox.append(proxy, done.tells, caused_by=envelope)
            reach("duties.before_commit")
        if done.tells:
            self._committed()
        return done.count
