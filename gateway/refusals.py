"""503 for a request that was read and nothing more: where everything is taken, a refusal must cost next to nothing."""

from functools import cache
from http import HTTPStatus

import orjson
from aiohttp.helpers import rfc822_formatted_time
from aiohttp.http_parser import RawRequestMessage
from aiohttp.http_writer import HttpVersion11
from prometheus_client import Histogram

from contracts.problems import OVERLOADED, Problem
from gateway import problem_documents
from gateway.http_metrics import REQUEST_DURATION
from gateway.request_ids import request_id_of
from gateway.response_headers import add_fixed

_PLAIN = frozenset({"GET", "POST", "PATCH", "PUT", "DELETE"})


@cache
def refusals(method: str) -> Histogram:
    return REQUEST_DURATION.labels(method, "refused", OVERLOADED.status)


def plainly_refused(message: RawRequestMessage, public_url: str) -> bytes | None:
    """The whole answer; None for what is unusual, and refused as every other request is answered."""
    headers = message.headers
    if (
        message.method not in _PLAIN
        or message.version != HttpVersion11
        or message.should_close
        or message.upgrade
        or "Origin" in headers
        or "Expect" in headers
    ):
        return None
    refusals(message.method).observe(0)
    head, document = _same_in_all(public_url)
    own = {"instance": problem_documents.instance_of(message.url), "request_id": request_id_of(headers)}
    body = document + orjson.dumps(own)[1:]
    return (
        f"{head}X-Request-Id: {own['request_id']}\r\nRetry-After: {problem_documents.retry_after(OVERLOADED)}\r\n"
        f"Date: {rfc822_formatted_time()}\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


@cache
def _same_in_all(public_url: str) -> tuple[str, bytes]:
    """The beginning of the head, and that of the body."""
    fields = {"Content-Type": problem_documents.CONTENT_TYPE}
    add_fixed(fields, request_id="", traceparent=None)
    del fields["X-Request-Id"]
    status = HTTPStatus(OVERLOADED.status)
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    document = problem_documents.document(Problem(type=OVERLOADED), public_url=public_url)
    return f"HTTP/1.1 {status.value} {status.phrase}\r\n{head}", orjson.dumps(document)[:-1] + b","
