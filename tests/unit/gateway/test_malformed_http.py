"""What aiohttp's parser refuses, or should have: our document, nothing of the input, and a closed connection."""

import asyncio

import pytest

from gateway.app import build
from gateway.server import LIMITS
from tests.unit.gateway.serving import Served, settings_of

HOST = b"Host: x\r\n"
CANARY = b"canary"


@pytest.mark.parametrize(
    ("request_bytes", "status", "code"),
    [
        pytest.param(
            b"POST /v1/tasks HTTP/1.1\r\n" + HOST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
            "malformed-request",
            id="H1 a length and chunks",
        ),
        pytest.param(
            b"POST /v1/tasks HTTP/1.1\r\n" + HOST + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcd",
            400,
            "malformed-request",
            id="H2 two lengths",
        ),
        pytest.param(
            b"POST /v1/tasks HTTP/1.1\r\n" + HOST + b"Content-Length: +4\r\n\r\nabcd",
            400,
            "malformed-request",
            id="H3 a length with a sign",
        ),
        pytest.param(
            b"POST /v1/tasks HTTP/1.1\r\n" + HOST + b"Content-Length: -1\r\n\r\n",
            400,
            "malformed-request",
            id="H3 a negative length",
        ),
        pytest.param(
            b"POST /v1/tasks HTTP/1.1\r\n" + HOST + b"Content-Length: 4,4\r\n\r\nabcd",
            400,
            "malformed-request",
            id="H3 a list of lengths",
        ),
        pytest.param(
            b"POST /v1/tasks HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: xchunked\r\n\r\n",
            400,
            "malformed-request",
            id="H4 an unknown coding",
        ),
        pytest.param(
            b"POST /v1/tasks HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked, identity\r\n\r\n",
            400,
            "malformed-request",
            id="H4 two codings",
        ),
        pytest.param(
            b"GET /canary HTTP/1.1\r\n" + HOST + b"X-A : canary\r\n\r\n",
            400,
            "malformed-request",
            id="H7 a space before the colon",
        ),
        pytest.param(
            b"GET /canary HTTP/1.1\r\n" + HOST + b"X-A: a\r\n canary\r\n\r\n",
            400,
            "malformed-request",
            id="H7 a folded header",
        ),
        pytest.param(b"GET /canary HTTP/1.1\n" + HOST + b"\r\n", 400, "malformed-request", id="H7 a bare line feed"),
        pytest.param(
            b"GET /canary HTTP/1.1\r\n" + HOST + b"X-A: can\x00ary\r\n\r\n",
            400,
            "malformed-request",
            id="H7 NUL in a header",
        ),
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", 400, "malformed-request", id="H8 no Host"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400, "malformed-request", id="H8 two Hosts"),
        pytest.param(b"GET / HTTP/1.0\r\n\r\n", 400, "malformed-request", id="H9 HTTP/1.0 without Host"),
        pytest.param(b"GET /canary\r\n\r\n", 400, "malformed-request", id="H9 HTTP/0.9"),
        pytest.param(
            b"GET http://canary/v1/tasks HTTP/1.1\r\n" + HOST + b"\r\n",
            400,
            "malformed-request",
            id="H10 another's authority",
        ),
        pytest.param(b"CONNECT canary:443 HTTP/1.1\r\n" + HOST + b"\r\n", 400, "malformed-request", id="H11 CONNECT"),
        pytest.param(
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03canary\r\n\r\n",
            400,
            "malformed-request",
            id="H12 TLS on the plain port",
        ),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "malformed-request", id="H12 the preface of HTTP/2"),
        pytest.param(
            b"GET /" + CANARY * 1500 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414, "uri-too-long", id="H13 a long target"
        ),
        pytest.param(
            b"GET / HTTP/1.1\r\n" + HOST + b"X-A: " + CANARY * 1500 + b"\r\n\r\n",
            431,
            "headers-too-large",
            id="H13 a long header",
        ),
        pytest.param(
            b"GET / HTTP/1.1\r\n" + HOST + b"X-A: canary\r\n" * 129 + b"\r\n",
            431,
            "headers-too-large",
            id="H13 many headers",
        ),
        pytest.param(
            b"GET / HTTP/1.1\r\n" + HOST + b"Expect: canary\r\n\r\n", 400, "malformed-request", id="an expectation"
        ),
    ],
)
async def test_unreadable_requests_are_refused_without_an_echo(
    served: Served, request_bytes: bytes, status: int, code: str
) -> None:
    answer = await served.raw(request_bytes, to_the_end=True)
    assert (answer.status, answer.code) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert "x-request-id" in answer.headers
    assert "traceparent" in answer.headers
    assert "nosniff" in answer.headers["x-content-type-options"]
    assert "server" not in answer.headers
    assert CANARY not in answer.body.replace(b'"instance":"/canary"', b"")


async def test_a_chunk_of_an_impossible_size_is_malformed(served: Served) -> None:
    """H5"""
    head = b"POST /v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = await served.raw(head + b"FFFFFFFFFFFFFFFFF\r\nabc\r\n")
    assert (answer.status, answer.code) == (400, "malformed-request")


@pytest.mark.parametrize("method", ["TRACE", "PUT", "DELETE", "OPTIONS"])
async def test_methods_that_a_path_does_not_take_are_named_by_those_it_takes(served: Served, method: str) -> None:
    """H11"""
    answer = await served.raw(f"{method} /v1/tasks HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert (answer.status, answer.code) == (405, "method-not-allowed")
    assert answer.headers["allow"] == "get,head,post"


async def test_a_method_that_nobody_knows_is_refused(served: Served) -> None:
    """H11"""
    answer = await served.raw(b"FOO /v1/tasks HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer.status in (400, 405)


async def test_a_body_that_drips_is_given_up(served: Served) -> None:
    """H15"""
    head = b"POST /v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{"
    answer = await served.raw(head)
    assert (answer.status, answer.code) == (408, "request-timeout")
    assert answer.headers["connection"] == "close"


async def test_its_own_name_in_the_target_is_fine(served: Served) -> None:
    answer = await served.raw(b"GET http://x/livez HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer.status == 200


async def test_pipelined_requests_are_served_in_order(served: Served) -> None:
    """H18"""
    answer = await served.raw(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n" * 1000)
    assert answer.status == 200


@pytest.mark.parametrize(
    "header", ["baggage", "tracestate", "traceparent", "Prefer", "Accept", "Origin", "X-Request-Id"]
)
async def test_bytes_beyond_ascii_do_no_harm(served: Served, header: str) -> None:
    answer = await served.raw(b"GET /livez HTTP/1.1\r\nHost: x\r\n" + header.encode() + b": \xff=%%\r\n\r\n")
    assert answer.status in (200, 406)


async def test_headers_that_drip_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """H14"""
    monkeypatch.setitem(LIMITS, "keepalive_timeout", 0.5)
    async with build(settings_of()) as gateway:
        reader, writer = await asyncio.open_connection(*gateway.runner.addresses[0][:2])
        drip = asyncio.create_task(_drip(writer))
        async with asyncio.timeout(5):
            assert await reader.read() == b""
        drip.cancel()
        writer.close()


async def _drip(writer: asyncio.StreamWriter) -> None:
    for byte in b"GET /livez HTTP/1.1\r\nHost: " + b"x" * 1000:
        writer.write(bytes([byte]))
        await asyncio.sleep(0.1)
