"""kill -9 of the notifier around a mail: none is lost, and none comes twice but for a crash inside the send."""

import asyncio
from email import message_from_bytes
from pathlib import Path

import asyncpg
import pytest

from tests.conftest import Addresses, Keys
from tests.eventually import eventually
from tests.running import Running, run_services


def message_ids(running: Running) -> list[str]:
    mails = (running.folder / "mail").glob("*.eml")
    return [str(message_from_bytes(mail.read_bytes())["Message-ID"]) for mail in mails]


@pytest.mark.parametrize(
    ("failpoint", "copies"), [("events.before_commit", 1), ("mailer.before_send", 1), ("mailer.after_send", 2)]
)
async def test_a_mailer_that_dies_at(
    failpoint: str, copies: int, addresses: Addresses, keys: Keys, scratch: Path, superuser: asyncpg.Connection
) -> None:
    """What comes twice has the same Message-ID: between the server's yes and our note of it nobody can do better."""
    async with run_services(addresses, keys, scratch / f"mailer {failpoint}") as running:
        await running.services["notifier"].stop()
        await running.start_dying("notifier", FAILPOINTS=f"{failpoint}=kill")
        await running.register("ada")
        async with asyncio.timeout(20):
            await running.services["notifier"].wait()
        # A lease of the dead one is over in a minute; a test does not wait that long.
        await superuser.execute("UPDATE notifier.mails SET leased_until = '-infinity'")
        await running.start("notifier", FAILPOINTS="")
        sent = "SELECT count(*) = 1 AND bool_and(state = 'sent') FROM notifier.mails"
        await eventually(lambda: superuser.fetchval(sent), within=20)
        ids = message_ids(running)
    assert (len(ids), len(set(ids))) == (copies, 1)
