"""One HTTP request to somebody else's server, which may be anything and behave in any way."""

import socket
import ssl
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp

from notifier.webhook_schedule import Result
from notifier.webhook_targets import Targets

_TIMEOUT = aiohttp.ClientTimeout(total=15, sock_connect=5)
_READ_AT_MOST = 64 * 1024
_EXCERPT = 1024


class BlockedAddress(OSError):
    """Not to be connected to, whatever name led there."""


@asynccontextmanager
async def open_http(targets: Targets, *, at_once: int) -> AsyncIterator[aiohttp.ClientSession]:
    def connect(found: Any) -> socket.socket:
        family, kind, protocol, _, address = found
        if not targets.allows(address[0], address[1]):
            raise BlockedAddress(f"{address[0]} port {address[1]}")
        return socket.socket(family, kind, protocol)

    connector = aiohttp.TCPConnector(
        socket_factory=connect,
        limit=at_once,
        use_dns_cache=False,
        force_close=True,
        happy_eyeballs_delay=None,
        # aiohttp's own is made when it is imported. This one believes whom SSL_CERT_FILE names.
        ssl=ssl.create_default_context(),
    )
    async with aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=_TIMEOUT,
        trust_env=False,
        auto_decompress=False,
        max_line_size=8190,
        max_field_size=8190,
    ) as session:
        yield session


async def post(session: aiohttp.ClientSession, url: str, body: str, headers: Mapping[str, str]) -> tuple[Result, int]:
    """And how many milliseconds it took."""
    started = time.perf_counter()
    result = await _post(session, url, body, headers)
    return result, int((time.perf_counter() - started) * 1000)


async def _post(session: aiohttp.ClientSession, url: str, body: str, headers: Mapping[str, str]) -> Result:
    try:
        async with session.post(url, data=body.encode(), headers=headers, allow_redirects=False) as response:
            excerpt = await _excerpt(response)
            outcome = "succeeded" if 200 <= response.status < 300 else f"answered {response.status}"
            return Result(outcome, response.status, excerpt, _retry_after(response))
    except TimeoutError:
        return Result("timeout")
    except (aiohttp.ClientConnectorCertificateError, aiohttp.ClientSSLError, ssl.SSLError):
        return Result("tls")
    except aiohttp.ClientConnectorDNSError:
        return Result("dns")
    except aiohttp.ClientConnectorError as error:
        return Result("blocked" if _was_blocked(error.os_error) else "connection")
    except (aiohttp.ClientError, OSError, ValueError) as error:
        return Result("blocked" if _was_blocked(error) else "connection")


def _was_blocked(error: BaseException) -> bool:
    inner = [error.__cause__, error.__context__, *getattr(error, "exceptions", ())]
    return isinstance(error, BlockedAddress) or any(each is not None and _was_blocked(each) for each in inner)


async def _excerpt(response: aiohttp.ClientResponse) -> str:
    """How the answer begins. The rest is left where it is: the connection is closed."""
    read = b""
    async for chunk in response.content.iter_chunked(4096):
        read += chunk
        if len(read) >= _READ_AT_MOST:
            break
    return read[:_EXCERPT].decode(errors="replace").replace("\x00", "")


def _retry_after(response: aiohttp.ClientResponse) -> timedelta | None:
    text = response.headers.get("Retry-After", "")
    if text.isdigit() and len(text) < 8:
        return timedelta(seconds=int(text))
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(timedelta(), until.astimezone(UTC) - datetime.now(UTC))
