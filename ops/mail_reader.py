"""The kept mails over HTTP."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import getaddresses, parsedate_to_datetime
from html import escape
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

_SNIPPET = 250  # characters
_PAGE = 50  # mails


def _addresses(message: EmailMessage, header: str) -> list[dict[str, str]]:
    found = getaddresses([str(value) for value in message.get_all(header, [])])
    return [{"Name": name, "Address": address} for name, address in found]


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    return str(part.get_content()) if part else ""


def _read(path: Path) -> EmailMessage:
    return message_from_bytes(path.read_bytes(), policy=policy.default)


def _arrived(path: Path) -> str:
    nanoseconds = int(path.stem.partition("-")[0])
    return datetime.fromtimestamp(nanoseconds / 1e9, UTC).isoformat()


def _summary(path: Path) -> dict[str, Any]:
    message = _read(path)
    return {
        "ID": path.stem,
        "MessageID": str(message["Message-ID"] or "").strip("<>"),
        "Read": False,
        "From": next(iter(_addresses(message, "From")), None),
        "To": _addresses(message, "To"),
        "Cc": _addresses(message, "Cc"),
        "Bcc": _addresses(message, "Bcc"),
        "ReplyTo": _addresses(message, "Reply-To"),
        "Subject": str(message["Subject"] or ""),
        "Created": _arrived(path),
        "Size": path.stat().st_size,
        "Snippet": " ".join(_body(message, "plain").split())[:_SNIPPET],
    }


def _whole(path: Path) -> dict[str, Any]:
    message = _read(path)
    try:
        sent = parsedate_to_datetime(str(message["Date"])).isoformat()
    except ValueError:  # none, or none that can be read
        sent = _arrived(path)
    headers: dict[str, list[str]] = {}
    for name, value in message.items():
        headers.setdefault(name, []).append(str(value))
    return _summary(path) | {
        "Date": sent,
        "Text": _body(message, "plain"),
        "HTML": _body(message, "html"),
        "Headers": headers,
    }


def _row(mail: dict[str, Any]) -> str:
    recipients = ", ".join(to["Address"] for to in mail["To"])
    cells = (mail["Created"][:19].replace("T", " "), recipients, mail["Subject"], mail["Snippet"])
    links = f'<a href="/api/v1/message/{mail["ID"]}">JSON</a> <a href="/{mail["ID"]}.eml">eml</a>'
    return "<tr>" + "".join(f"<td>{escape(cell)}" for cell in cells) + f"<td>{links}"


class Mails:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def newest_first(self) -> list[Path]:
        return sorted(self._folder.glob("*.eml"), reverse=True)

    def find(self, name: str) -> Path | None:
        """Looked for among the mails and never opened by name, so that no name leads out of the folder."""
        return next((path for path in self.newest_first() if path.stem == name), None)

    def listing(self, start: int, limit: int) -> dict[str, Any]:
        paths, messages = self.newest_first(), []
        for path in paths[start : start + limit]:
            with suppress(FileNotFoundError):  # deleted meanwhile
                messages.append(_summary(path))
        return {
            "total": len(paths),
            "unread": len(paths),
            "count": len(messages),
            "messages_count": len(paths),
            "start": start,
            "tags": [],
            "messages": messages,
        }

    def page(self) -> str:
        listing = self.listing(0, _PAGE)
        return (
            '<!doctype html><html lang="en"><meta charset="utf-8"><title>Mail</title>'
            "<style>body{font:15px system-ui;margin:2rem}td,th{text-align:left;padding:.3rem 1rem .3rem 0;"
            "vertical-align:top}</style>"
            f"<h1>{listing['total']} mails</h1><table><tr><th>Arrived (UTC)<th>To<th>Subject<th>Text<th>"
            + "".join(map(_row, listing["messages"]))
            + "</table></html>"
        )

    def delete(self, names: list[str]) -> None:
        """All of them when none is named."""
        for path in self.newest_first():
            if not names or path.stem in names:
                path.unlink(missing_ok=True)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    mails: Mails

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        match url.path.strip("/").split("/"):
            case [""]:
                self._send(200, "text/html; charset=utf-8", self.mails.page().encode())
            case ["livez" | "readyz"]:
                self._send(200, "text/plain", b"ok\n")
            case ["api", "v1", "messages"]:
                query = parse_qs(url.query)
                start, limit = int(query.get("start", ["0"])[0]), int(query.get("limit", [str(_PAGE)])[0])
                self._send_json(self.mails.listing(start, limit))
            case ["api", "v1", "message", name] if path := self.mails.find(name):
                self._send_json(_whole(path))
            case [name] if path := self.mails.find(name.removesuffix(".eml")):
                self._send(200, "text/plain; charset=utf-8", path.read_bytes())
            case _:
                self._send(404, "text/plain", b"There is nothing here.\n")

    def do_DELETE(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if urlsplit(self.path).path != "/api/v1/messages":
            self._send(404, "text/plain", b"There is nothing here.\n")
            return
        self.mails.delete(json.loads(body or b"{}").get("IDs") or [])
        self._send(200, "text/plain", b"ok")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Requests are not logged: the tests ask several times a second."""

    def _send_json(self, value: dict[str, Any]) -> None:
        self._send(200, "application/json", json.dumps(value).encode())

    def _send(self, status: int, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        self.wfile.write(body)


def handler_for(mails: Mails) -> type[BaseHTTPRequestHandler]:
    return type("Handler", (_Handler,), {"mails": mails})
