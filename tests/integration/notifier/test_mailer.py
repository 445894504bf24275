"""Against a real SMTP server, which is there, away, or says no."""

import asyncio
import json
import socket
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from uuid_utils.compat import uuid7

from chassis.background import Background
from chassis.database import Database, open_database
from chassis.requests import Requests
from chassis.sealing import OpeningKeys
from contracts.notices import VERIFICATION_PURPOSE
from notifier.addresses import Addresses
from notifier.mail import MailWriter
from notifier.mailer import Mailer
from notifier.store import mails
from ops.postgres import Postgres
from tests.conftest import PASSWORDS, Keys
from tests.eventually import eventually
from tests.integration.handling import only_row

Write = Callable[..., Awaitable[UUID]]


class Sink:
    """Takes every mail, unless it was told what to say to a recipient or to a mail."""

    def __init__(self) -> None:
        self.taken: list[Envelope] = []
        self.to_recipients = ""
        self.to_mails = "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self.to_recipients:
            return self.to_recipients
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.to_mails.startswith("250"):
            self.taken.append(envelope)
        return self.to_mails


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


@asynccontextmanager
async def serve(sink: Sink, port: int) -> AsyncIterator[None]:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(sink, hostname="localhost", loop=loop), "127.0.0.1", port)
    try:
        yield
    finally:
        server.close()


@pytest.fixture
async def sink(port: int) -> AsyncIterator[Sink]:
    sink = Sink()
    async with serve(sink, port):
        yield sink


@pytest.fixture
async def pool(postgres: Postgres, database: str) -> AsyncIterator[Database]:
    url = postgres.url("notifier", PASSWORDS["notifier"], database)
    async with open_database(url, application="tests", size=8) as pool:
        await eventually(pool.ping)
        yield pool


@pytest.fixture
async def watcher(postgres: Postgres, database: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(postgres.url("notifier", PASSWORDS["notifier"], database))
    yield connection
    await connection.close()


@pytest.fixture
def write(watcher: asyncpg.Connection, keys: Keys) -> Write:
    async def write(recipient: str = "ada@example.org", *, sealed_by: str = keys.notifier) -> UUID:
        mail_id = uuid7()
        sealed = OpeningKeys(sealed_by).sealing_key.seal("a-token", purpose=VERIFICATION_PURPOSE)
        await watcher.execute(
            "INSERT INTO mails (id, template, recipient, content) VALUES ($1, 'verification', $2, $3)",
            mail_id,
            recipient,
            json.dumps({"username": "ada", "sealed_token": sealed}),
        )
        return mail_id

    return write


@pytest.fixture
def mailer(pool: Database, keys: Keys, port: int, requests: Requests) -> Mailer:
    writer = MailWriter(
        sender="taskmesh@example.org", public_url="https://tasks.example.org", opening_keys=OpeningKeys(keys.notifier)
    )
    return Mailer(f"smtp://127.0.0.1:{port}", writer, pool, Addresses(requests))


@pytest.fixture
async def running(mailer: Mailer) -> AsyncIterator[None]:
    async with Background() as background:
        background.start(mailer.keep())
        yield


async def state_of(watcher: asyncpg.Connection, mail_id: UUID) -> tuple[str, int, str | None]:
    return tuple(
        (await only_row(watcher, "SELECT state, attempts, last_error FROM mails WHERE id = $1", mail_id)).values()
    )


async def settled(watcher: asyncpg.Connection, mail_id: UUID, state: str) -> tuple[str, int, str | None]:
    query = "SELECT state = $2 AND (leased_until < now() OR state <> 'due') AND attempts > 0 FROM mails WHERE id = $1"
    await eventually(lambda: watcher.fetchval(query, mail_id, state))
    return await state_of(watcher, mail_id)


@pytest.mark.usefixtures("running")
async def test_a_mail_is_sent_once_and_what_it_held_is_forgotten(
    watcher: asyncpg.Connection, write: Write, sink: Sink
) -> None:
    mail_id = await write()
    assert await settled(watcher, mail_id, "sent") == ("sent", 1, None)
    assert await watcher.fetchval("SELECT content::text FROM mails") == "{}"
    assert await watcher.fetchval("SELECT sent_at FROM mails") is not None
    [taken] = sink.taken
    assert (taken.mail_from, taken.rcpt_tos) == ("taskmesh@example.org", ["ada@example.org"])
    assert f"<{mail_id}@tasks.example.org>".encode() in (taken.original_content or b"")


@pytest.mark.usefixtures("running")
async def test_while_the_server_is_away_a_mail_waits(watcher: asyncpg.Connection, write: Write, port: int) -> None:
    mail_id = await write()
    assert await settled(watcher, mail_id, "due") == ("due", 1, "SMTPConnectError")
    delay = await watcher.fetchval("SELECT next_at - now() FROM mails")
    assert timedelta(seconds=3) < delay <= timedelta(seconds=5)

    sink = Sink()
    async with serve(sink, port):
        await watcher.execute("UPDATE mails SET next_at = now()")
        assert await settled(watcher, mail_id, "sent") == ("sent", 2, "SMTPConnectError")
    assert len(sink.taken) == 1


@pytest.mark.parametrize(
    ("says", "expected"),
    [
        (("", "554 No."), ("failed", 1, "SMTPDataError")),
        (("550 Nobody here.", "250 OK"), ("failed", 1, "SMTPRecipientsRefused")),
        (("", "451 Later."), ("due", 1, "SMTPDataError")),
        (("450 Greylisted, try again.", "250 OK"), ("due", 1, "SMTPRecipientsRefused")),
    ],
)
@pytest.mark.usefixtures("running")
async def test_a_no_is_final_or_for_a_while_as_its_code_says(
    watcher: asyncpg.Connection, write: Write, sink: Sink, says: tuple[str, str], expected: tuple[str, int, str]
) -> None:
    sink.to_recipients, sink.to_mails = says
    mail_id = await write()
    assert await settled(watcher, mail_id, expected[0]) == expected


async def test_a_mail_is_given_up_in_the_end(watcher: asyncpg.Connection, write: Write, mailer: Mailer) -> None:
    mail_id = await write()
    await watcher.execute("UPDATE mails SET attempts = 11")
    async with Background() as background:
        background.start(mailer.keep())
        assert await settled(watcher, mail_id, "failed") == ("failed", 12, "SMTPConnectError")


@pytest.mark.usefixtures("running")
async def test_a_mail_that_cannot_be_written_harms_no_other(
    watcher: asyncpg.Connection, write: Write, sink: Sink
) -> None:
    injected = await write("=?utf-8?q?=0aBcc=3ax?=@example.org")
    unreadable = await write(sealed_by=OpeningKeys.generate())
    good = await write("grace@example.org")
    assert (await settled(watcher, injected, "failed"))[0] == "failed"
    assert (await settled(watcher, unreadable, "failed"))[0] == "failed"
    assert (await settled(watcher, good, "sent"))[0] == "sent"
    assert [envelope.rcpt_tos for envelope in sink.taken] == [["grace@example.org"]]


async def test_of_two_mailers_one_sends_each_mail(
    watcher: asyncpg.Connection, write: Write, sink: Sink, mailer: Mailer
) -> None:
    recipients = [f"user{number}@example.org" for number in range(25)]
    for recipient in recipients:
        await write(recipient)
    async with Background() as background:
        background.start(mailer.keep())
        background.start(mailer.keep())
        await eventually(lambda: watcher.fetchval("SELECT bool_and(state = 'sent') FROM mails"))
    assert Counter(address for envelope in sink.taken for address in envelope.rcpt_tos) == Counter(recipients)
    assert await watcher.fetchval("SELECT max(attempts) FROM mails") == 1


async def test_a_mail_of_a_mailer_that_died_is_tried_again_after_its_lease(
    watcher: asyncpg.Connection, pool: Database, write: Write
) -> None:
    mail_id = await write()
    async with pool.acquire() as connection:
        lease = timedelta(seconds=60)
        assert [mail.id for mail in await mails.lease_due_mails(connection, lease=lease, limit=10)] == [mail_id]
        assert await mails.lease_due_mails(connection, lease=lease, limit=10) == []
        await watcher.execute("UPDATE mails SET leased_until = now() - interval '1 second'")
        [mail] = await mails.lease_due_mails(connection, lease=lease, limit=10)
    assert (mail.id, mail.attempts) == (mail_id, 2)
