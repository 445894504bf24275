"""Calls a handler as the chassis does: in a transaction, on a connection of the worker's own role."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from uuid_utils.compat import uuid7

from chassis.envelope import Envelope
from chassis.subscription import Delivery
from contracts.message import Actor
from ops.postgres import Postgres
from tests.conftest import PASSWORDS


@asynccontextmanager
async def open_transaction(postgres: Postgres, database: str, role: str) -> AsyncIterator[PoolConnectionProxy]:
    """Rolled back at the end."""
    url = postgres.url(role, PASSWORDS[role], database)
    async with asyncpg.create_pool(url, min_size=1, max_size=1) as pool, pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        try:
            yield connection
        finally:
            await transaction.rollback()


def deliver(connection: PoolConnectionProxy, actor: Actor | None, message_id: UUID | None = None) -> Delivery:
    envelope = Envelope(
        message_id=message_id or uuid7(),
        wire_name="",
        sent_at=datetime.now(UTC),
        sender="gateway",
        actor=actor,
        caller=None,
        idempotency_key=None,
        request_sha="",
    )
    return Delivery(envelope, connection)


async def only_row(connection: PoolConnectionProxy | asyncpg.Connection, query: str, *arguments: Any) -> dict[str, Any]:
    [record] = await connection.fetch(query, *arguments)
    return dict(record)
