"""Brings what is parked from its queue into a table, where it can be searched, replayed and discarded one by one."""

import asyncio

import asyncpg
import structlog

from chassis.broker import Incoming
from chassis.database import Database
from chassis.errors import Unavailable
from notifier.store import dead_letters

log = structlog.get_logger()


class DeadLetters:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def receive(self, incoming: Incoming) -> None:
        """Takes anything: what is parked is here because somebody could not read it."""
        letter = _letter(incoming)
        while True:
            try:
                async with self._database.acquire() as connection:
                    await dead_letters.insert_dead_letter(connection, letter)
            except (Unavailable, asyncpg.PostgresError) as error:
                log.warning("dead letter waits in its queue", reason=str(error))
                await asyncio.sleep(2)
            else:
                await incoming.acknowledge()
                return


def _letter(incoming: Incoming) -> dead_letters.DeadLetter:
    headers, properties = incoming.headers, incoming.properties
    attempts = headers.get("x-attempt")
    return dead_letters.DeadLetter(
        # The application names the queue itself; what the broker parked says where it died first.
        source_queue=_text(headers.get("x-source-queue")) or _text(headers.get("x-first-death-queue")) or "unknown",
        reason=_text(headers.get("x-park-reason")) or _text(headers.get("x-first-death-reason")) or "unknown",
        message_id=_text(properties.message_id) or "",
        type=_text(properties.message_type) or "",
        headers={_text(name) or "": _storable(value) for name, value in headers.items()} | _sender(incoming),
        body=incoming.body,
        error_class=_text(headers.get("x-error-class")),
        error=_text(headers.get("x-error")),
        attempts=attempts if isinstance(attempts, int) and 0 <= attempts < 100 else 0,
        awaited=properties.reply_to is not None or headers.get("x-awaited") is True,
    )


def _sender(incoming: Incoming) -> dict[str, str]:
    """What the broker parked is still its sender's message; what a service parked is that service's."""
    if "x-first-death-reason" in incoming.headers:
        return {"x-sender": incoming.properties.user_id or ""}
    return {}


def _text(value: object) -> str | None:
    """Postgres stores every character but NUL."""
    return value.replace("\x00", "") if isinstance(value, str) else None


def _storable(value: object) -> object:
    return _text(value) if isinstance(value, str) else repr(value)[:1000]
