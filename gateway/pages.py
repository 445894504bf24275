"""Lists, page by page."""

from typing import Annotated, Any, TypeVar
from urllib.parse import urlencode

import orjson
from aiohttp import web
from pydantic import BaseModel, Field

from chassis.pages import read_page
from contracts.message import Query
from gateway.cursors import MAX_CURSOR
from gateway.execution import fetch
from gateway.query import Number, Parameters
from gateway.state import CURSORS, OPERATION
from gateway.visitor import principal

P = TypeVar("P", bound=BaseModel)


class Listing(Parameters):
    limit: Annotated[Number, Field(ge=1, le=200)] = 50
    cursor: Annotated[str, Field(max_length=MAX_CURSOR)] | None = None


class Page(BaseModel):
    limit: int
    has_more: bool
    next_cursor: str | None
    total: int | None = None
    """Only where it was asked for."""


def read_position(request: web.Request, listing: Listing, position: type[P]) -> P | None:
    if listing.cursor is None:
        return None
    return request.app[CURSORS].read(
        listing.cursor,
        position,
        listing=request[OPERATION].name,
        filters=listing,
        principal=principal(request),
    )


async def show_page(request: web.Request, listing: Listing, query: Query[Any]) -> web.Response:
    """Its items are passed on as they were written."""
    page, items = read_page(query.reply_type(), await fetch(request, query))
    cursor, headers = None, {}
    if page.next is not None:
        cursor = request.app[CURSORS].write(
            page.next,
            listing=request[OPERATION].name,
            filters=listing,
            principal=principal(request),
        )
        headers["Link"] = f'<{request.path}?{urlencode({**request.query, "cursor": cursor})}>; rel="next"'
    total = getattr(page, "total", None)
    shown = Page(limit=listing.limit, has_more=page.next is not None, next_cursor=cursor, total=total)
    body = b'{"items":%b,"page":%b}' % (
        items,
        orjson.dumps(shown.model_dump(exclude={"total"} if total is None else None)),
    )
    return web.Response(body=body, headers=headers, content_type="application/json")
