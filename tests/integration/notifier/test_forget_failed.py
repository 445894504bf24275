import json
from typing import Any

from asyncpg.pool import PoolConnectionProxy
from uuid_utils.compat import uuid7

from notifier.store import mails


async def insert(connection: PoolConnectionProxy, state: str, *, days: int) -> None:
    await connection.execute(
        """
        INSERT INTO mails (id, template, recipient, content, state, created_at)
        VALUES ($1, 'verification', 'ada@example.org', $2, $3, now() - make_interval(days => $4))
        """,
        uuid7(),
        json.dumps({"username": "ada"}),
        state,
        days,
    )


async def test_what_could_not_be_sent_is_forgotten_after_thirty_days(connection: PoolConnectionProxy) -> None:
    """Nobody else would: what was sent is forgotten at once."""
    for state, days in (("failed", 31), ("failed", 29), ("due", 31)):
        await insert(connection, state, days=days)
    await mails.forget_failed(connection)
    rows: list[Any] = await connection.fetch("SELECT state, recipient, content FROM mails ORDER BY id")
    assert [tuple(row) for row in rows] == [
        ("failed", "", "{}"),
        ("failed", "ada@example.org", '{"username": "ada"}'),
        ("due", "ada@example.org", '{"username": "ada"}'),
    ]
