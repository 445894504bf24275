"""One attempt at a receiver that is slow, endless, broken, or not who it says. Reliability F31, W13, W14, W16, W18."""

import asyncio
import socket
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from notifier.webhook_post import open_http, post
from notifier.webhook_schedule import Result
from notifier.webhook_targets import Targets, parse_networks
from tests.certificates import DAY, Authority

HERE = Targets(parse_networks(["127.0.0.1/32"]))
OK = b"HTTP/1.1 200 OK\r\n"
MANY = 100 * 1024 * 1024
PATIENCE = 15.0  # seconds

Behave = Callable[[asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def receiver(
    behave: Behave, address: str = "127.0.0.1", port: int = 0, *, context: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """The port of one that reads the whole request and then does as `behave` has it."""
    under_way: set[asyncio.Task[Any]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        under_way.add(asyncio.current_task() or pytest.fail("no task"))
        try:
            await reader.readuntil(b"}")
            await behave(writer)
        except (OSError, EOFError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, address, port, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)


async def attempt(url: str) -> Result:
    async with open_http(HERE, at_once=1) as session:
        return (await post(session, url, "{}", {}))[0]


async def attempt_at(behave: Behave) -> Result:
    async with receiver(behave) as port:
        return await attempt(f"http://127.0.0.1:{port}/")


async def succeed(writer: asyncio.StreamWriter) -> None:
    writer.write(OK + b"Content-Length: 2\r\n\r\nok")
    await writer.drain()


async def never(_: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


def drip(head: bytes, piece: bytes) -> Behave:
    """One piece a second, for ever."""

    async def behave(writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while True:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(1)

    return behave


async def test_a_slow_receiver_has_fifteen_seconds_whatever_it_does() -> None:
    slow = {
        "silent": never,
        "head": drip(OK + b"X-Slow: ", b"a"),
        "body": drip(OK + b"Content-Length: 1000\r\n\r\n", b"a"),
        "chunks": drip(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n"),
        "interim": drip(b"", b"HTTP/1.1 102 Processing\r\n\r\n"),
    }
    started = time.monotonic()
    async with asyncio.timeout(PATIENCE + 10):
        results = await asyncio.gather(*map(attempt_at, slow.values()))
    assert {name: result.outcome for name, result in zip(slow, results, strict=True)} == dict.fromkeys(slow, "timeout")
    assert time.monotonic() - started >= PATIENCE


@pytest.mark.parametrize("head", [b"Content-Length: %d\r\n\r\n" % MANY, b"Connection: close\r\n\r\n"])
@pytest.mark.parametrize("encoding", [b"", b"Content-Encoding: gzip\r\n"])
async def test_of_a_hundred_megabytes_the_beginning_is_read(head: bytes, encoding: bytes) -> None:
    sent = 0

    async def flood(writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(OK + encoding + head)
        while sent < MANY:
            writer.write(b"a" * 65536)
            await writer.drain()
            sent += 65536

    result = await attempt_at(flood)
    assert (result.outcome, result.response) == ("succeeded", "a" * 1024)
    assert sent < MANY / 5, "what the sockets' buffers hold, and no more"


@pytest.mark.parametrize("size", [1024 * 1024, 10_000])
async def test_a_head_without_end_is_no_answer(size: int) -> None:
    async def boast(writer: asyncio.StreamWriter) -> None:
        writer.write(OK + b"X-Long: " + b"a" * size + b"\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    assert (await attempt_at(boast)).outcome == "connection"


async def test_a_connection_that_is_reset_or_refused_is_a_failure() -> None:
    async def reset(writer: asyncio.StreamWriter) -> None:
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")

    async with receiver(reset) as port:
        url = f"http://127.0.0.1:{port}/"
        assert await attempt(url) == Result("connection")
    assert await attempt(url) == Result("connection")


async def test_a_redirect_to_a_forbidden_address_is_not_followed() -> None:
    async def redirect(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 307 x\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    assert await attempt_at(redirect) == Result("answered 307", 307, "")


@pytest.mark.parametrize(
    ("address", "ends", "trusted", "outcome"),
    [
        ("127.0.0.1", DAY, True, "succeeded"),
        ("127.0.0.1", DAY, False, "tls"),
        ("127.0.0.1", timedelta(days=-1), True, "tls"),
        ("127.0.0.2", DAY, True, "tls"),
    ],
    ids=["good", "of an authority that nobody knows", "expired", "of another host"],
)
async def test_a_certificate(
    address: str, ends: timedelta, trusted: bool, outcome: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    async with receiver(succeed, context=authority.serve(address, ends=ends)) as port:
        assert (await attempt(f"https://127.0.0.1:{port}/")).outcome == outcome


class Resolver:
    """Answers for every name what it was told last, as a server does whose records live for no time."""

    def __init__(self) -> None:
        self.addresses = ["127.0.0.1"]

    def getaddrinfo(self, host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        assert host == "hooks.example.org"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in self.addresses]


async def test_a_name_that_is_bound_to_another_address_is_refused_at_the_socket(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """127.0.0.1 is allowed here, 127.0.0.2 is not; the receiver would answer at both."""
    resolver, reached = Resolver(), []

    async def note(writer: asyncio.StreamWriter) -> None:
        reached.append(writer.get_extra_info("sockname")[0])
        await succeed(writer)

    async with receiver(note) as port, receiver(note, "127.0.0.2", port), open_http(HERE, at_once=1) as session:
        monkeypatch.setattr(socket, "getaddrinfo", resolver.getaddrinfo)
        outcomes = []
        for addresses in (["127.0.0.1"], ["127.0.0.2"], ["127.0.0.2", "127.0.0.1"], ["169.254.169.254"]):
            resolver.addresses = addresses
            outcomes.append((await post(session, f"http://hooks.example.org:{port}/", "{}", {}))[0].outcome)
    assert outcomes == ["succeeded", "blocked", "succeeded", "blocked"]
    assert set(reached) == {"127.0.0.1"}
