import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from asyncpg.pool import PoolConnectionProxy


@dataclass(frozen=True, slots=True)
class Mail:
    id: UUID
    template: str
    recipient: str
    content: dict[str, Any]
    attempts: int


async def insert_mail(
    connection: PoolConnectionProxy, *, mail_id: UUID, template: str, recipient: str, content: dict[str, Any]
) -> None:
    await connection.execute(
        "INSERT INTO mails (id, template, recipient, content) VALUES ($1, $2, $3, $4)",
        mail_id,
        template,
        recipient,
        json.dumps(content),
    )


async def lease_due_mails(connection: PoolConnectionProxy, *, lease: timedelta, limit: int) -> list[Mail]:
    """Nobody else takes them before the lease ends; an attempt counts from here, so that a crash counts too."""
    rows = await connection.fetch(
        """
        UPDATE mails
           SET leased_until = now() + $1::interval,
               attempts = attempts + 1
         WHERE id IN (SELECT id
                        FROM mails
                       WHERE state = 'due'
                         AND next_at <= now()
                         AND leased_until < now()
                       ORDER BY next_at
                       LIMIT $2
                         FOR UPDATE SKIP LOCKED)
        RETURNING id, template, recipient, content, attempts
        """,
        lease,
        limit,
    )
    return [
        Mail(row["id"], row["template"], row["recipient"], json.loads(row["content"]), row["attempts"]) for row in rows
    ]


async def mark_mail_sent(connection: PoolConnectionProxy, mail_id: UUID) -> None:
    """What the mail held is forgotten with it."""
    await connection.execute("UPDATE mails SET state = 'sent', sent_at = now(), content = '{}' WHERE id = $1", mail_id)


async def postpone_mail(connection: PoolConnectionProxy, mail_id: UUID, *, delay: timedelta, reason: str) -> None:
    await connection.execute(
        """
        UPDATE mails
           SET next_at = now() + $2::interval,
               leased_until = '-infinity',
               last_error = $3
         WHERE id = $1
        """,
        mail_id,
        delay,
        reason,
    )


async def mark_mail_failed(connection: PoolConnectionProxy, mail_id: UUID, *, reason: str) -> None:
    await connection.execute("UPDATE mails SET state = 'failed', last_error = $2 WHERE id = $1", mail_id, reason)
