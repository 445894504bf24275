import json
from dataclasses import dataclass
from typing import Any

from asyncpg.pool import PoolConnectionProxy


@dataclass(frozen=True, slots=True)
class DeadLetter:
    source_queue: str
    reason: str
    message_id: str
    type: str
    headers: dict[str, Any]
    body: bytes
    error_class: str | None
    error: str | None
    attempts: int
    awaited: bool


async def insert_dead_letter(connection: PoolConnectionProxy, letter: DeadLetter) -> None:
    await connection.execute(
        """
        INSERT INTO dead_letter (source_queue, reason, message_id, type, headers, body, error_class, error, attempts,
                                 awaited)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        """,
        letter.source_queue,
        letter.reason,
        letter.message_id,
        letter.type,
        json.dumps(letter.headers, default=str),
        letter.body,
        letter.error_class,
        letter.error,
        letter.attempts,
        letter.awaited,
    )
