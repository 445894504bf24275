"""Sends the mails that are due: at most one send for each, but for a crash in the middle of one."""

import asyncio
from datetime import timedelta
from urllib.parse import unquote, urlsplit

import aiosmtplib
import asyncpg
import structlog

from chassis.database import Database
from chassis.errors import Unavailable, Unprocessable
from chassis.failpoints import reach
from notifier import store
from notifier.mail import MailWriter

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
    def __init__(self, smtp_url: str, writer: MailWriter, database: Database) -> None:
        self._server = urlsplit(smtp_url)
        self._writer = writer
        self._database = database

    async def keep(self) -> None:
        while True:
            try:
                async with self._database.acquire() as connection:
                    mails = await store.lease_due_mails(connection, lease=_LEASE, limit=_AT_ONCE)
                await asyncio.gather(*map(self._send, mails))
            except (Unavailable, asyncpg.PostgresError) as error:
                log.warning("mails wait", reason=str(error))
                mails = []
            if len(mails) < _AT_ONCE:
                await asyncio.sleep(_POLL)

    async def _send(self, mail: store.Mail) -> None:
        try:
            message = self._writer.write(mail)
            await aiosmtplib.send(
                message,
                hostname=self._server.hostname,
                port=self._server.port,
                username=unquote(self._server.username) if self._server.username else None,
                password=unquote(self._server.password) if self._server.password else None,
                use_tls=self._server.scheme == "smtps",
                timeout=_SEND_TIMEOUT,
            )
        except (Unprocessable, ValueError) as error:  # ValueError: an address that no header can hold
            await self._give_up(mail, str(error))
        except (aiosmtplib.SMTPRecipientsRefused, aiosmtplib.SMTPResponseException) as error:
            await (self._give_up if _is_permanent(error) else self._postpone)(mail, type(error).__name__)
        except (aiosmtplib.SMTPException, OSError) as error:
            await self._postpone(mail, type(error).__name__)
        else:
            reach("mailer.after_send")
            async with self._database.acquire() as connection:
                await store.mark_mail_sent(connection, mail.id)
            log.info("mail sent", mail_id=str(mail.id), template=mail.template)

    async def _postpone(self, mail: store.Mail, reason: str) -> None:
        if mail.attempts >= _ATTEMPTS:
            await self._give_up(mail, reason)
            return
        log.warning("mail postponed", mail_id=str(mail.id), attempts=mail.attempts, reason=reason)
        async with self._database.acquire() as connection:
            await store.postpone_mail(connection, mail.id, delay=_delay(mail.attempts), reason=reason)

    async def _give_up(self, mail: store.Mail, reason: str) -> None:
        log.error("mail given up", mail_id=str(mail.id), attempts=mail.attempts, reason=reason)
        async with self._database.acquire() as connection:
            await store.mark_mail_failed(connection, mail.id, reason=reason)
