"""What this server says of itself."""

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import orjson
from aiohttp import web
from openapi_ui_bundles import swagger_ui

from chassis.errors import Refusal
from contracts.problems import NOT_FOUND
from gateway.documents.schemas import EVENTS_BY_NAME, event_schema
from gateway.operation import Access, Operation
from gateway.state import ASYNCAPI, OPENAPI, SETTINGS

_CACHE = {"Cache-Control": "public, max-age=300"}
_PAGE_POLICY = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}
_SCHEMA = "application/schema+json"
_SCRIPT = "text/javascript"


def _respond(
    request: web.Request, body: bytes, content_type: str, headers: Mapping[str, str] | None = None
) -> web.Response:
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    every = {**_CACHE, "ETag": etag, **(headers or {})}
    if request.headers.get("If-None-Match") == etag:
        return web.Response(status=304, headers=every)
    charset = "utf-8" if content_type.startswith("text/") else None
    return web.Response(body=body, headers=every, content_type=content_type, charset=charset)


@cache
def _asset(name: str) -> bytes:
    return (swagger_ui.static_path / name).read_bytes()


@cache
def _own(name: str) -> bytes:
    return (files("gateway.documents") / name).read_bytes()


async def show_openapi(request: web.Request) -> web.Response:
    return _respond(request, request.app[OPENAPI](), "application/json")


async def show_asyncapi(request: web.Request) -> web.Response:
    return _respond(request, request.app[ASYNCAPI](), "application/json")


async def show_schema(request: web.Request) -> web.Response:
    event = EVENTS_BY_NAME.get(request.match_info["type"])
    if event is None:
        raise Refusal(NOT_FOUND)
    schema = event_schema(event, public_url=request.app[SETTINGS].public_url)
    return _respond(request, orjson.dumps(schema), _SCHEMA)


async def show_docs(request: web.Request) -> web.Response:
    return _respond(request, _own("docs.html"), "text/html", _PAGE_POLICY)


async def show_docs_init(request: web.Request) -> web.Response:
    return _respond(request, _own("init.js"), _SCRIPT)


async def show_docs_script(request: web.Request) -> web.Response:
    return _respond(request, _asset("swagger-ui-bundle.js"), _SCRIPT)


async def show_docs_style(request: web.Request) -> web.Response:
    return _respond(request, _asset("swagger-ui.css"), "text/css")


def _open(path: str, handle: Any, summary: str, gives: str, **more: Any) -> Operation:
    return Operation(
        method="GET",
        path=path,
        handle=handle,
        summary=summary,
        tag="documents",
        access=Access.ANYONE,
        gives=gives,
        **more,
    )


OPERATIONS = (
    _open("/openapi.json", show_openapi, "Show this document", "application/json"),
    _open("/asyncapi.json", show_asyncapi, "Show the events as AsyncAPI", "application/json"),
    _open("/schemas/{type}", show_schema, "Show the JSON Schema of an event's data", _SCHEMA, problems=(NOT_FOUND,)),
    _open("/docs", show_docs, "Show this document as a page", "text/html"),
    _open("/docs/init.js", show_docs_init, "Start the page", _SCRIPT),
    _open("/docs/swagger-ui-bundle.js", show_docs_script, "Swagger UI", _SCRIPT),
    _open("/docs/swagger-ui.css", show_docs_style, "The style of Swagger UI", "text/css"),
)
