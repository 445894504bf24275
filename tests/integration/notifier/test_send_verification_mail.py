import json
from datetime import UTC, datetime, timedelta

from asyncpg.pool import PoolConnectionProxy
from uuid_utils.compat import uuid7

from chassis.sealing import SealingKey
from contracts.notices import VERIFICATION_PURPOSE, SendVerificationMail
from contracts.people import Person
from notifier.handlers.send_verification_mail import send_verification_mail
from notifier.store import mails
from tests.conftest import Keys
from tests.integration.handling import deliver, only_row

TOKEN = "a-token_of-43-characters"


async def test_a_mail_is_due_at_once_and_its_token_stays_sealed(connection: PoolConnectionProxy, keys: Keys) -> None:
    sealed = SealingKey.parse(keys.notifier_sealing_key).seal(TOKEN, purpose=VERIFICATION_PURPOSE)
    command = SendVerificationMail(
        user=Person(id=uuid7(), username="ada"), email="ada@example.org", sealed_token=sealed
    )
    message_id = uuid7()
    answer = await send_verification_mail(command, deliver(connection, None, message_id))
    assert (answer.reply, answer.tells) == (None, ())

    row = await only_row(connection, "SELECT * FROM mails")
    assert row | {"content": json.loads(row["content"]), "leased_until": None} == {
        "id": message_id,
        "template": "verification",
        "event_id": None,
        "user_id": None,
        "kind": None,
        "recipient": "ada@example.org",
        "content": {"username": "ada", "sealed_token": sealed},
        "state": "due",
        "attempts": 0,
        "next_at": row["created_at"],
        "leased_until": None,
        "last_error": None,
        "created_at": row["created_at"],
        "sent_at": None,
    }
    assert TOKEN not in repr(row)
    assert abs(row["created_at"] - datetime.now(UTC)) < timedelta(minutes=1)
    [mail] = await mails.lease_due_mails(connection, lease=timedelta(seconds=60), limit=10)
    assert mail == mails.Mail(message_id, "verification", "ada@example.org", json.loads(row["content"]), 1)
