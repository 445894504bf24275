"""Sends the mails that are due: at most one send for each, but for a crash in the middle of one."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote, urlsplit

import aiosmtplib
import asyncpg
import structlog

from chassis.database import Database
from chassis.errors import Refusal, Unavailable, Unprocessable
from chassis.failpoints import reach
from notifier.addresses import Addresses
from notifier.mail import MailWriter
from notifier.notices import deferred_until
from notifier.store import mails, preferences

log = structlog.get_logger()

_POLL = 1.0  # seconds
_LEASE = timedelta(seconds=60)
_AT_ONCE = 10
_SEND_TIMEOUT = 20.0  # seconds
_ATTEMPTS = 12


def _delay(attempts: int) -> timedelta:
    """5 s, 10 s, 20 s, then up to an hour."""
    return timedelta(seconds=min(5 * 2 ** (attempts - 1), 3600))


def _is_permanent(error: aiosmtplib.SMTPRecipientsRefused | aiosmtplib.SMTPResponseException) -> bool:
    """Greylisting refuses a recipient for a while, with a code below 500; a wrong password of ours is mended."""
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        return False
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return all(_is_permanent(refused) for refused in error.recipients)
    return error.code >= 500


class Mailer:
    def __init__(self, smtp_url: str, writer: MailWriter, database: Database, addresses: Addresses) -> None:
        self._server = urlsplit(smtp_url)
        self._writer = writer
        self._database = database
        self._addresses = addresses

    async def keep(self) -> None:
        while True:
            try:
                async with self._database.acquire() as connection:
                    due = await mails.lease_due_mails(connection, lease=_LEASE, limit=_AT_ONCE)
                await asyncio.gather(*map(self._send, due))
            except (Unavailable, asyncpg.PostgresError) as error:
                log.warning("mails wait", reason=str(error))
                due = []
            if len(due) < _AT_ONCE:
                await asyncio.sleep(_POLL)

    async def _send(self, mail: mails.Mail) -> None:
        if await self._is_deferred(mail):
            return
        try:
            recipient = await self._recipient(mail)
            if recipient is None:
                await self._give_up(mail, "no verified address")
                return
            message = self._writer.write(replace(mail, recipient=recipient))
            reach("mailer.before_send")
            await aiosmtplib.send(
                message,
                hostname=self._server.hostname,
                port=self._server.port,
                username=unquote(self._server.username) if self._server.username else None,
                password=unquote(self._server.password) if self._server.password else None,
                use_tls=self._server.scheme == "smtps",
                # By itself it takes what the server offers, and an attacker on the way takes the offer out.
                start_tls=True if self._server.scheme == "smtp" and self._server.username else None,
                timeout=_SEND_TIMEOUT,
            )
        except (Unprocessable, ValueError) as error:  # ValueError: an address that no header can hold
            await self._give_up(mail, str(error))
        except (aiosmtplib.SMTPRecipientsRefused, aiosmtplib.SMTPResponseException) as error:
            await (self._give_up if _is_permanent(error) else self._postpone)(mail, type(error).__name__)
        except (aiosmtplib.SMTPException, OSError, Unavailable, Refusal) as error:
            await self._postpone(mail, type(error).__name__)
        else:
            reach("mailer.after_send")
            async with self._database.acquire() as connection:
                await mails.mark_mail_sent(connection, mail.id)
            log.info("mail sent", mail_id=str(mail.id), template=mail.template)

    async def _is_deferred(self, mail: mails.Mail) -> bool:
        """By what its reader wishes at this moment, and not when the mail was made."""
        if mail.user_id is None or mail.kind is None:
            return False
        async with self._database.acquire() as connection:
            wishes = await preferences.find_preferences(connection, mail.user_id)
            until = deferred_until(wishes, mail.kind, now=datetime.now(UTC))
            if until is not None:
                await mails.defer_mail(connection, mail.id, until=until)
        return until is not None

    async def _recipient(self, mail: mails.Mail) -> str | None:
        if mail.recipient is not None or mail.user_id is None:
            return mail.recipient
        return await self._addresses.find_verified(mail.user_id)

    async def _postpone(self, mail: mails.Mail, reason: str) -> None:
        if mail.attempts >= _ATTEMPTS:
            await self._give_up(mail, reason)
            return
        log.warning("mail postponed", mail_id=str(mail.id), attempts=mail.attempts, reason=reason)
        async with self._database.acquire() as connection:
            await mails.postpone_mail(connection, mail.id, delay=_delay(mail.attempts), reason=reason)

    async def _give_up(self, mail: mails.Mail, reason: str) -> None:
        log.error("mail given up", mail_id=str(mail.id), attempts=mail.attempts, reason=reason)
        async with self._database.acquire() as connection:
            await mails.mark_mail_failed(connection, mail.id, reason=reason)
