"""What every answer carries, whoever made it."""

from collections.abc import Collection, Iterable, MutableMapping

from aiohttp import web

from gateway import cors
from gateway.rate_limits import Standing
from gateway.state import REQUEST_ID, SETTINGS, STANDINGS, TRACEPARENT

SECURITY = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains; preload",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-XSS-Protection": "0",
}


def add_fixed(headers: MutableMapping[str, str], *, request_id: str, traceparent: str | None) -> None:
    for name, value in SECURITY.items():
        headers.setdefault(name, value)
    headers.setdefault("Cache-Control", "no-store")
    headers["X-Request-Id"] = request_id
    if traceparent is not None:
        headers["traceparent"] = traceparent


def _rate_limits(standings: Iterable[Standing]) -> dict[str, str]:
    """draft-ietf-httpapi-ratelimit-headers."""
    return {
        "RateLimit-Policy": ", ".join(f'"{s.policy}";q={s.quota};w={s.window}' for s in standings),
        "RateLimit": ", ".join(f'"{s.policy}";r={s.remaining};t={s.reset}' for s in standings),
    }


def add_to_answer(request: web.BaseRequest, response: web.StreamResponse, origins: Collection[str]) -> None:
    headers = response.headers
    add_fixed(headers, request_id=request[REQUEST_ID], traceparent=request.get(TRACEPARENT))
    if standings := request.get(STANDINGS):
        headers.update(_rate_limits(standings))
    headers.update(cors.headers_for(request, origins))


async def add_to_response(request: web.Request, response: web.StreamResponse) -> None:
    """A signal of aiohttp, sent just before the headers of a response are written."""
    add_to_answer(request, response, request.app[SETTINGS].cors_origins)
    response.headers.popall("Server", None)
