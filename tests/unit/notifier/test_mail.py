from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from typing import get_args
from uuid import UUID

import pytest

from chassis.errors import Unprocessable
from chassis.sealing import OpeningKeys
from contracts.notices import RESET_PURPOSE, VERIFICATION_PURPOSE, SecurityNotice
from notifier.mail import MailWriter
from notifier.store.mails import Mail

TOKEN = "a-token_of-43-characters"


@pytest.fixture
def keys() -> OpeningKeys:
    return OpeningKeys(OpeningKeys.generate())


@pytest.fixture
def writer(keys: OpeningKeys) -> MailWriter:
    return MailWriter(
        sender="Taskmesh <taskmesh@example.org>", public_url="https://tasks.example.org/", opening_keys=keys
    )


def mail(keys: OpeningKeys, *, recipient: str = "ada@example.org", username: str = "ada") -> Mail:
    sealed = keys.sealing_key.seal(TOKEN, purpose=VERIFICATION_PURPOSE)
    content = {"username": username, "sealed_token": sealed}
    return Mail(id=UUID(int=1), template="verification", recipient=recipient, content=content, attempts=1)


def part(message: EmailMessage, kind: str) -> str:
    body = message.get_body(preferencelist=(kind,))
    assert body is not None
    content: str = body.get_content()
    return content


def test_a_verification_mail_says_who_to_whom_and_why(writer: MailWriter, keys: OpeningKeys) -> None:
    message = message_from_bytes(writer.write(mail(keys)).as_bytes(), policy=policy.default)
    headers = {name: value for name, value in message.items() if name not in ("Date", "Content-Type")}
    assert headers == {
        "From": "Taskmesh <taskmesh@example.org>",
        "To": "ada@example.org",
        "Subject": "Confirm your e-mail address for Taskmesh",
        "Message-ID": "<00000000-0000-0000-0000-000000000001@tasks.example.org>",
        "Auto-Submitted": "auto-generated",
        "MIME-Version": "1.0",
    }
    assert parsedate_to_datetime(message["Date"]).tzinfo is not None
    assert message.get_content_type() == "multipart/alternative"


@pytest.mark.parametrize("kind", ["plain", "html"])
def test_both_forms_hold_the_token_and_the_address_to_send_it_to(
    writer: MailWriter, keys: OpeningKeys, kind: str
) -> None:
    text = part(writer.write(mail(keys)), kind)
    assert TOKEN in text
    assert "https://tasks.example.org/v1/notifications/verify" in text
    assert "Hello ada," in text


def test_every_attempt_has_the_same_message_id(writer: MailWriter, keys: OpeningKeys) -> None:
    assert writer.write(mail(keys))["Message-ID"] == writer.write(mail(keys))["Message-ID"]


def test_a_name_is_text_and_never_markup(writer: MailWriter, keys: OpeningKeys) -> None:
    """Pitfall F49"""
    message = writer.write(mail(keys, username="<b>&{{ token }}"))
    assert "Hello &lt;b&gt;&amp;{{ token }}," in part(message, "html")
    assert "Hello <b>&{{ token }}," in part(message, "plain")


@pytest.mark.parametrize(
    "recipient",
    ["ada@example.org\nBcc: eve@example.org", "ada@example.org\r\n\r\nHello", "=?utf-8?q?=0aBcc=3ax?=@example.org"],
)
def test_an_address_can_add_no_header(writer: MailWriter, keys: OpeningKeys, recipient: str) -> None:
    with pytest.raises(ValueError, match=r"CR or LF|linefeed or carriage return"):
        writer.write(mail(keys, recipient=recipient))


def test_a_token_for_another_service_is_never_mailed(writer: MailWriter) -> None:
    elsewhere = OpeningKeys(OpeningKeys.generate())
    with pytest.raises(Unprocessable):
        writer.write(mail(elsewhere))


def test_a_reset_mail_holds_the_token_and_where_to_send_it(writer: MailWriter, keys: OpeningKeys) -> None:
    content = {"username": "ada", "sealed_token": keys.sealing_key.seal(TOKEN, purpose=RESET_PURPOSE)}
    message = writer.write(Mail(UUID(int=1), "password_reset", "ada@example.org", content, 1))
    assert message["Subject"] == "Reset your Taskmesh password"
    for kind in ("plain", "html"):
        assert TOKEN in part(message, kind)
        assert "https://tasks.example.org/v1/auth/password-reset/verify" in part(message, kind)


def test_a_token_of_one_kind_of_mail_is_in_no_other(writer: MailWriter, keys: OpeningKeys) -> None:
    content = {"username": "ada", "sealed_token": keys.sealing_key.seal(TOKEN, purpose=VERIFICATION_PURPOSE)}
    with pytest.raises(Unprocessable):
        writer.write(Mail(UUID(int=1), "password_reset", "ada@example.org", content, 1))


@pytest.mark.parametrize("notice", get_args(SecurityNotice))
def test_every_notice_says_what_happened_and_what_to_do(writer: MailWriter, notice: str) -> None:
    content = {"username": "a<b>a", "notice": notice}
    message = writer.write(Mail(UUID(int=1), "security_notice", "ada@example.org", content, 1))
    assert "Taskmesh" in message["Subject"]
    plain, html = part(message, "plain"), part(message, "html")
    assert "a<b>a" in plain
    assert "a&lt;b&gt;a" in html
    assert "<b>" not in html
    assert len(plain.split("\n\n")) == 3
