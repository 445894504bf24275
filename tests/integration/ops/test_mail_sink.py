import os
from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import aiohttp
import aiosmtplib
import pytest

from ops.ports import free_port
from ops.service import Service

SMTP_PORT = free_port()


@pytest.fixture
async def mails(scratch: Path) -> AsyncIterator[aiohttp.ClientSession]:
    port = free_port()
    own = {"MAIL_FOLDER": str(scratch / "mail"), "SMTP_PORT": str(SMTP_PORT), "HTTP_PORT": str(port)}
    sink = Service("mail", "ops.mail_sink", {**os.environ, **own}, scratch / "mail.log", port, lambda: None)
    await sink.start()
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
        yield session
        async with session.delete("/api/v1/messages"):
            pass
    await sink.stop()


async def send(subject: str, text: str, html: str = "") -> None:
    mail = EmailMessage()
    mail["From"] = "Taskmesh <taskmesh@example.test>"
    mail["To"] = "Ada Lovelace <ada@example.test>, bob@example.test"
    mail["Subject"] = subject
    mail["Message-ID"] = "<1@example.test>"
    mail.set_content(text)
    if html:
        mail.add_alternative(html, subtype="html")
    await aiosmtplib.send(mail, hostname="127.0.0.1", port=SMTP_PORT)


async def get(mails: aiohttp.ClientSession, path: str) -> Any:
    async with mails.get(path) as response:
        assert response.status == 200
        return await response.json()


async def test_a_mail_is_listed_and_read_as_in_mailpit(mails: aiohttp.ClientSession) -> None:
    await send("Zürich", "Hello\nthere", "<p>Hello</p>")
    listing = await get(mails, "/api/v1/messages")
    assert (listing["total"], listing["count"]) == (1, 1)
    summary = listing["messages"][0]
    assert summary["From"] == {"Name": "Taskmesh", "Address": "taskmesh@example.test"}
    assert [to["Address"] for to in summary["To"]] == ["ada@example.test", "bob@example.test"]
    assert (summary["Subject"], summary["Snippet"]) == ("Zürich", "Hello there")
    assert summary["MessageID"] == "1@example.test"
    whole = await get(mails, f"/api/v1/message/{summary['ID']}")
    assert whole["Text"].splitlines() == ["Hello", "there"]
    assert whole["HTML"].strip() == "<p>Hello</p>"
    assert whole["Headers"]["Subject"] == ["Zürich"]


async def test_the_newest_is_first_and_pages_follow(mails: aiohttp.ClientSession) -> None:
    for number in range(3):
        await send(f"number {number}", "text")
    page = await get(mails, "/api/v1/messages?start=1&limit=1")
    assert [mail["Subject"] for mail in page["messages"]] == ["number 1"]
    assert page["total"] == 3


async def test_mails_are_deleted(mails: aiohttp.ClientSession) -> None:
    await send("gone", "text")
    async with mails.delete("/api/v1/messages") as response:
        assert response.status == 200
    assert (await get(mails, "/api/v1/messages"))["total"] == 0


async def test_the_page_for_people_shows_a_mail_as_text(mails: aiohttp.ClientSession) -> None:
    await send("<script>alert(1)</script>", "text")
    async with mails.get("/") as response:
        page = await response.text()
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>" not in page


@pytest.mark.parametrize("path", ["/api/v1/message/..%2f..%2fpasswd", "/../mail.log", "/api/v1/message/none", "/x.eml"])
async def test_nothing_else_is_there(mails: aiohttp.ClientSession, path: str) -> None:
    async with mails.get(path) as response:
        assert response.status == 404
