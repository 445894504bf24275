"""The gateway over a socket, and tokens to show it."""

import asyncio
import base64
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import aiohttp
import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from structlog.testing import capture_logs

from chassis.sealing import OpeningKeys
from gateway.settings import Settings

PUBLIC_URL = "http://127.0.0.1:8080"


def _base64url(number: int) -> str:
    return base64.urlsafe_b64encode(number.to_bytes(32)).rstrip(b"=").decode()


@dataclass
class Signer:
    private: ec.EllipticCurvePrivateKey
    kid: str = "key-1"

    @property
    def jwk(self) -> dict[str, Any]:
        numbers = self.private.public_key().public_numbers()
        return {
            "kty": "EC",
            "crv": "P-256",
            "kid": self.kid,
            "x": _base64url(numbers.x),
            "y": _base64url(numbers.y),
            "use": "sig",
            "alg": "ES256",
        }

    def claims(self, **changes: Any) -> dict[str, Any]:
        now = int(time.time())
        claims = {
            "iss": PUBLIC_URL,
            "aud": "taskmesh-api",
            "sub": str(uuid4()),
            "sid": str(uuid4()),
            "username": "ada",
            "scope": "tasks:read tasks:write activity:read profile",
            "jti": str(uuid4()),
            "iat": now,
            "nbf": now,
            "exp": now + 900,
        } | changes
        return {name: value for name, value in claims.items() if value is not None}

    def token(self, headers: dict[str, Any] | None = None, **claims: Any) -> str:
        return jwt.encode(
            self.claims(**claims),
            self.private,
            algorithm="ES256",
            headers={"typ": "at+jwt", "kid": self.kid} | (headers or {}),
        )


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        return str(self.json["code"])


@dataclass(frozen=True)
class Served:
    """`ask` for what any client could send, `raw` for what no client should."""

    port: int
    session: aiohttp.ClientSession

    async def raw(self, request: bytes, *, to_the_end: bool = False) -> Answer:
        """The bytes as they are, and the first answer to them; or all there is until the server hangs up."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(request)
            async with asyncio.timeout(3):
                head = await reader.readuntil(b"\r\n\r\n")
                lines = head.decode().split("\r\n")
                headers = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                rest = await reader.read() if to_the_end else b""
            assert rest == b""
            return Answer(int(lines[0].split()[1]), headers, body)
        finally:
            writer.close()

    async def ask(self, method: str, path: str, **options: Any) -> Answer:
        async with self.session.request(method, path, **options) as response:
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status, headers, await response.read())


def settings_of(**changes: Any) -> Settings:
    values: dict[str, Any] = {
        "environment": "test",
        "public_url": PUBLIC_URL,
        "amqp_url": "amqp://gateway:secret@127.0.0.1:1/",
        "http_host": "127.0.0.1",
        "http_port": 0,
        "gateway_secret": "a secret of thirty-two characters",
        "auth_sealing_key": str(OpeningKeys(OpeningKeys.generate()).sealing_key),
        "notifier_sealing_key": str(OpeningKeys(OpeningKeys.generate()).sealing_key),
        "body_timeout": 0.5,
        "rate_limits": "off",
        "object_storage_url": "memory:///",
    }
    return Settings(**values | changes)


@contextmanager
def nothing_undeclared() -> Iterator[None]:
    """Whatever an operation answered with stands in its declaration."""
    with capture_logs() as logs:
        yield
    assert [line for line in logs if line["event"] in ("undeclared problem", "request failed")] == []
