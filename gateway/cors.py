"""Pages of other origins: none, but those that the settings name."""

from collections.abc import Collection

from aiohttp import web

from gateway.operation import Handle
from gateway.state import SETTINGS

_METHODS = "GET, HEAD, POST, PATCH, PUT, DELETE"
_REQUEST_HEADERS = (
    "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Prefer, X-Request-Id, traceparent"
)
_RESPONSE_HEADERS = (
    "ETag, Idempotency-Replayed, Link, Location, Preference-Applied, RateLimit, RateLimit-Policy, Retry-After, "
    "X-Request-Id, traceparent"
)
_MAX_AGE = 600  # seconds


def headers_for(request: web.BaseRequest, origins: Collection[str]) -> dict[str, str]:
    if not origins:
        return {}
    origin = request.headers.get("Origin")
    if origin not in origins:
        return {"Vary": "Origin"}
    return {
        "Vary": "Origin",
        "Access-Control-Allow-Origin": str(origin),
        "Access-Control-Expose-Headers": _RESPONSE_HEADERS,
    }


@web.middleware
async def preflight(request: web.Request, handler: Handle) -> web.StreamResponse:
    asks = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
    if not asks or request.headers.get("Origin") not in request.app[SETTINGS].cors_origins:
        return await handler(request)
    return web.Response(
        status=204,
        headers={
            "Access-Control-Allow-Methods": _METHODS,
            "Access-Control-Allow-Headers": _REQUEST_HEADERS,
            "Access-Control-Max-Age": str(_MAX_AGE),
        },
    )
