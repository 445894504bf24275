"""From a row to a mail. No I/O but reading the templates."""

from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from chassis.sealing import OpeningKeys
from contracts.notices import RESET_PURPOSE, VERIFICATION_PURPOSE
from notifier.store.mails import Mail

_SEALED = {"verification": VERIFICATION_PURPOSE, "password_reset": RESET_PURPOSE}


class MailWriter:
    def __init__(self, *, sender: str, public_url: str, opening_keys: OpeningKeys) -> None:
        self._sender = sender
        self._public_url = public_url.rstrip("/")
        self._opening_keys = opening_keys
        self._templates = Environment(
            loader=PackageLoader("notifier"), autoescape=select_autoescape(["html"]), undefined=StrictUndefined
        )

    def write(self, mail: Mail) -> EmailMessage:
        words = {**mail.content, "public_url": self._public_url}
        if "sealed_token" in words:
            words["token"] = self._opening_keys.open(words.pop("sealed_token"), purpose=_SEALED[mail.template])
        message = EmailMessage()
        message["From"] = self._sender
        message["To"] = mail.recipient
        message["Subject"] = self._render(f"{mail.template}.subject.txt", words).strip()
        message["Date"] = format_datetime(datetime.now(UTC))
        # The same for every attempt, so that a receiver can tell a repetition.
        message["Message-ID"] = f"<{mail.id}@{urlsplit(self._public_url).hostname}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(self._render(f"{mail.template}.txt", words))
        message.add_alternative(self._render(f"{mail.template}.html", words), subtype="html")
        return message

    def _render(self, template: str, words: dict[str, str]) -> str:
        return self._templates.get_template(template).render(words)
