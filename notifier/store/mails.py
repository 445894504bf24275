import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from asyncpg.pool import PoolConnectionProxy
from uuid_utils.compat import uuid7

from contracts.notifications import Kind


@dataclass(frozen=True, slots=True)
class Mail:
    id: UUID
    template: str
    recipient: str | None
    """Where it is known: a mail to a user goes where auth_worker says when it is sent."""
    content: dict[str, Any]
    attempts: int
    user_id: UUID | None = None
    kind: Kind | None = None


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


async def insert_notice(
    connection: PoolConnectionProxy,
    *,
    event_id: UUID,
    user_id: UUID,
    kind: Kind,
    content: dict[str, Any],
) -> None:
    """To a user, whose address is asked for when the mail is sent."""
    await connection.execute(
        """
        INSERT INTO mails (id, template, content, event_id, user_id, kind)
        VALUES ($1, 'notice', $2, $3, $4, $5)
        """,
        uuid7(),
        json.dumps(content),
        event_id,
        user_id,
        kind,
    )


async def defer_mail(connection: PoolConnectionProxy, mail_id: UUID, *, until: datetime) -> None:
    """It was not tried, so this costs no attempt."""
    await connection.execute(
        """
        UPDATE mails
           SET next_at = $2,
               leased_until = '-infinity',
               attempts = attempts - 1
         WHERE id = $1
        """,
        mail_id,
        until,
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
        RETURNING id, template, recipient, content, attempts, user_id, kind
        """,
        lease,
        limit,
    )
    return [
        Mail(
            row["id"],
            row["template"],
            row["recipient"],
            json.loads(row["content"]),
            row["attempts"],
            row["user_id"],
            row["kind"],
        )
        for row in rows
    ]


async def mark_mail_sent(connection: PoolConnectionProxy, mail_id: UUID) -> None:
    """What the mail held is forgotten with it, and to whom it went."""
    await connection.execute(
        "UPDATE mails SET state = 'sent', sent_at = now(), content = '{}', recipient = '' WHERE id = $1", mail_id
    )


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


async def forget_failed(connection: PoolConnectionProxy) -> None:
    """As of those that were sent: what they held, and to whom they were to go."""
    await connection.execute(
        """
        UPDATE mails
           SET content = '{}',
               recipient = ''
         WHERE state = 'failed'
           AND recipient IS DISTINCT FROM ''
           AND created_at < now() - interval '30 days'
        """
    )
