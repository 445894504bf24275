"""Takes every mail and delivers none. They can be read as .eml files, and over HTTP in the shape of Mailpit's API."""

import asyncio
import os
import secrets
import signal
import threading
import time
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import ThreadingHTTPServer
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from ops.mail_reader import Mails, handler_for

_KEPT = 5_000  # mails


class Mailbox:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._arrivals = 0

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content if isinstance(envelope.content, bytes) else str(envelope.content).encode()
        if not isinstance(message_from_bytes(content, policy=policy.default), EmailMessage):
            return "550 This is not a mail."
        # By the time of arrival, so that names sort like it.
        name = f"{time.time_ns():019d}-{secrets.token_hex(4)}"
        unfinished = self._folder / f"{name}.part"
        unfinished.write_bytes(content)
        unfinished.rename(self._folder / f"{name}.eml")
        self._arrivals += 1
        if self._arrivals % 100 == 0:
            self._forget_oldest()
        return f"250 Kept as {name}."

    def _forget_oldest(self) -> None:
        for path in sorted(self._folder.glob("*.eml"))[:-_KEPT]:
            path.unlink(missing_ok=True)


async def _serve(folder: Path, smtp_port: int, http_port: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    mailbox = Mailbox(folder)
    smtp = await loop.create_server(lambda: SMTP(mailbox, hostname="localhost", loop=loop), "127.0.0.1", smtp_port)
    http = ThreadingHTTPServer(("127.0.0.1", http_port), handler_for(Mails(folder)))
    threading.Thread(target=http.serve_forever, daemon=True).start()
    await stop.wait()
    http.shutdown()
    smtp.close()


if __name__ == "__main__":
    mails = Path(os.environ["MAIL_FOLDER"])
    mails.mkdir(mode=0o700, parents=True, exist_ok=True)
    asyncio.run(_serve(mails, int(os.environ["SMTP_PORT"]), int(os.environ["HTTP_PORT"])))
