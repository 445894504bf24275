"""With STARTTLS and with TLS from the start, against a real server; a password never goes in clear."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from uuid_utils.compat import uuid7

import notifier.addresses
from chassis.database import Database, open_database
from chassis.requests import Requests
from chassis.sealing import OpeningKeys
from notifier.mail import MailWriter
from notifier.mailer import Mailer
from ops.ports import free_port
from tests.certificates import Authority
from tests.conftest import Addresses, Keys
from tests.eventually import eventually

Mailing = Callable[[str], AbstractAsyncContextManager[None]]


class Taken:
    """What a server was given: the mails, and with which names and passwords."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []
        self.logins: list[LoginPassword] = []

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.mails.append(envelope.original_content or b"")
        return "250 Taken."

    def authenticate(self, _server: SMTP, _session: Session, _envelope: Envelope, _kind: str, data: Any) -> AuthResult:
        self.logins.append(data)
        return AuthResult(success=True)


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    return authority.serve()


@asynccontextmanager
async def serve(port: int, *, implicit: ssl.SSLContext | None = None, **options: Any) -> AsyncIterator[Taken]:
    loop, taken = asyncio.get_running_loop(), Taken()
    options |= {"authenticator": taken.authenticate, "auth_require_tls": False, "hostname": "localhost", "loop": loop}
    server = await loop.create_server(lambda: SMTP(taken, **options), "127.0.0.1", port, ssl=implicit)
    try:
        yield taken
    finally:
        server.close()


@pytest.fixture
async def pool(addresses: Addresses) -> AsyncIterator[Database]:
    async with open_database(addresses.database_url("notifier"), application="tests", size=4) as pool:
        await eventually(pool.ping)
        yield pool


@pytest.fixture
def mailing(pool: Database, keys: Keys, requests: Requests) -> Mailing:
    writer = MailWriter(
        sender="taskmesh@example.org", public_url="https://tasks.example.org", opening_keys=OpeningKeys(keys.notifier)
    )

    @asynccontextmanager
    async def mailing(url: str) -> AsyncIterator[None]:
        task = asyncio.create_task(Mailer(url, writer, pool, notifier.addresses.Addresses(requests)).keep())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    return mailing


@pytest.fixture
async def due(superuser: asyncpg.Connection) -> None:
    await superuser.execute(
        """
        INSERT INTO notifier.mails (id, template, recipient, content)
        VALUES ($1, 'security_notice', 'ada@example.org', '{"username": "ada", "notice": "password_changed"}')
        """,
        uuid7(),
    )


@pytest.mark.usefixtures("due")
@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
async def test_a_mail_and_its_password_go_through_tls(mailing: Mailing, context: ssl.SSLContext, scheme: str) -> None:
    port = free_port()
    options: dict[str, Any] = {"tls_context": context, "require_starttls": True} if scheme == "smtp" else {}
    implicit = context if scheme == "smtps" else None
    url = f"{scheme}://ada:p%40ss@127.0.0.1:{port}"
    async with serve(port, implicit=implicit, **options) as taken, mailing(url):
        await eventually(lambda: taken.mails)
    assert taken.logins == [LoginPassword(b"ada", b"p@ss")]


@pytest.mark.usefixtures("due")
async def test_a_password_is_not_sent_where_tls_is_not_offered(mailing: Mailing, superuser: asyncpg.Connection) -> None:
    port = free_port()
    async with serve(port) as taken, mailing(f"smtp://ada:secret@127.0.0.1:{port}"):
        error = await eventually(lambda: superuser.fetchval("SELECT last_error FROM notifier.mails"))
    assert error == "SMTPException"
    assert (taken.logins, taken.mails) == ([], [])


@pytest.mark.usefixtures("due")
async def test_a_server_that_nobody_vouches_for_gets_nothing(
    mailing: Mailing, superuser: asyncpg.Connection, tmp_path: Path
) -> None:
    port = free_port()
    url = f"smtp://ada:secret@127.0.0.1:{port}"
    async with serve(port, tls_context=Authority(tmp_path).serve()) as taken, mailing(url):
        await eventually(lambda: superuser.fetchval("SELECT last_error FROM notifier.mails"))
    assert (taken.logins, taken.mails) == ([], [])
