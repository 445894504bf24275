import re
from typing import Annotated

import orjson
import uuid_utils.compat as uuid
from aiohttp import web
from pydantic import BaseModel, Field, StringConstraints

from chassis.cloudevents import numbered
from chassis.errors import Refusal, Unavailable
from chassis.requests import OutcomeUnknown, Sender
from contracts.feed import EventPatterns, FeedPage, FindHead, ListEvents, RedeemTicket
from contracts.problems import (
    CURSOR_EXPIRED,
    INSUFFICIENT_SCOPE,
    INVALID_CURSOR,
    INVALID_PARAMETER,
    SERVICE_UNAVAILABLE,
    UNAUTHENTICATED,
    FieldError,
)
from gateway.documents.cloud_event import CloudEventDocument
from gateway.event_stream import EventStream
from gateway.execution import ask
from gateway.operation import Access, Operation
from gateway.query import COMMAS, ONCE, Id, Number, Parameters, read_query
from gateway.rate_limits import OTHERWISE
from gateway.state import CALLER, FEED, REQUESTS, REVOCATIONS, SETTINGS, TICKETS
from gateway.tickets import LIFETIME
from gateway.tokens import Caller
from gateway.visitor import credential, user

_SCOPE = "events:read"
_POSITION = re.compile(r"\d{1,20}")

Types = Annotated[EventPatterns, COMMAS, ONCE, Field(description="Such as `tasks.*`; several with commas between.")]
After = Annotated[str, StringConstraints(pattern=r"^(latest|\d{1,18}|0\d{19})$")]


class EventListing(Parameters):
    after: Annotated[
        After | None,
        Field(description="A position, or `latest`. Without it from the oldest event that is kept."),
    ] = None
    types: Types = ()
    task_id: Id | None = None
    limit: Annotated[Number, Field(ge=1, le=500)] = 100
    wait: Annotated[Number, Field(le=30, description="Seconds to wait where there is nothing yet.")] = 0


class StreamFilter(Parameters):
    types: Types = ()
    task_id: Id | None = None
    last_event_id: Annotated[
        str | None, Field(max_length=64, description="For clients that cannot send Last-Event-ID.")
    ] = None
    ticket: Annotated[str | None, Field(max_length=2048, description="In place of a bearer token.")] = None


class StreamTicket(BaseModel):
    ticket: str
    expires_in: int = LIFETIME


async def list_events(request: web.Request) -> web.Response:
    listing, caller = read_query(request, EventListing), user(request)
    after = await _head(request) if listing.after == "latest" else None if listing.after is None else int(listing.after)
    query = ListEvents(after=after, types=listing.types, task_id=listing.task_id, limit=listing.limit)
    if not listing.wait:
        return _show(listing, await ask(request, query))
    with request.app[FEED].subscribe(
        caller.id, credential=credential(request), types=listing.types, task_id=listing.task_id
    ) as subscription:
        page = await ask(request, query)
        if not page.items:
            await subscription.take(within=listing.wait)
            page = await ask(request, query)
    return _show(listing, page)


async def _head(request: web.Request) -> int:
    return (await ask(request, FindHead())).after


def _show(listing: EventListing, page: FeedPage) -> web.Response:
    """Spliced and not parsed, so that the data stays as it was published."""
    told = orjson.dumps({"limit": listing.limit, "has_more": page.has_more, "next_cursor": numbered(page.after)})
    body = b'{"items":[%b],"page":%b}' % (b",".join(event.text.encode() for event in page.items), told)
    return web.Response(body=body, content_type="application/json")


async def stream_events(request: web.Request) -> web.StreamResponse:
    query = read_query(request, StreamFilter)
    after = _last_event_id(request, query)
    caller = request[CALLER] or await _redeem(request, query)
    request[CALLER] = caller
    with request.app[FEED].subscribe(
        caller.actor.id, credential=caller.credential, types=query.types, task_id=query.task_id
    ) as subscription:
        # It may have ended since the ticket was issued, and nobody will say so again.
        if caller.credential is not None:
            request.app[REVOCATIONS].refuse_ended(caller.credential)
        stream = EventStream(
            request,
            subscription,
            types=query.types,
            task_id=query.task_id,
            after=after,
            expires_at=caller.expires_at,
        )
        return await stream.run()


def _last_event_id(request: web.Request, query: StreamFilter) -> int | None:
    given = request.headers.get("Last-Event-ID") or query.last_event_id
    if not given:
        return None
    if not _POSITION.fullmatch(given) or int(given) >= 2**63:
        wrong = FieldError(pointer="?last_event_id", code="malformed", detail="must be a position")
        raise Refusal(INVALID_PARAMETER, "Last-Event-ID is no position of this feed", errors=[wrong])
    return int(given)


async def _redeem(request: web.Request, query: StreamFilter) -> Caller:
    if query.ticket is None:
        raise Refusal(UNAUTHENTICATED)
    ticket = request.app[TICKETS].read(query.ticket)
    sender = Sender(message_id=uuid.uuid7(), actor=ticket.actor, budget=request.app[SETTINGS].request_timeout)
    try:
        await request.app[REQUESTS].ask(RedeemTicket(ticket_id=ticket.id, actor=ticket.actor), sender)
    except OutcomeUnknown as error:
        raise Unavailable(SERVICE_UNAVAILABLE, "nobody knows whether the ticket is used: ask for another") from error
    return Caller(ticket.actor, ticket.token_expires_at, ticket.api_token_id)


async def issue_ticket(request: web.Request) -> web.Response:
    caller = request[CALLER]
    if caller is None:
        raise Refusal(UNAUTHENTICATED)
    body = StreamTicket(ticket=request.app[TICKETS].issue(caller)).model_dump_json().encode()
    return web.Response(body=body, status=201, content_type="application/json")


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/events",
        handle=list_events,
        summary="Pull events that the caller may see, in the order of the feed",
        tag="events",
        scope=_SCOPE,
        query=EventListing,
        asks=ListEvents,
        reply=CloudEventDocument,
        paged=True,
        limits=(OTHERWISE,),
        problems=(INVALID_CURSOR, CURSOR_EXPIRED),
    ),
    Operation(
        method="GET",
        path="/v1/events/stream",
        handle=stream_events,
        summary="Stream events that the caller may see, as they happen",
        tag="events",
        access=Access.CALLER,
        scope=_SCOPE,
        query=StreamFilter,
        asks=ListEvents,
        gives="text/event-stream",
        limits=(OTHERWISE,),
        problems=(UNAUTHENTICATED, INSUFFICIENT_SCOPE),
    ),
    Operation(
        method="POST",
        path="/v1/events/tickets",
        handle=issue_ticket,
        summary="Get a ticket that opens one stream within a minute",
        tag="events",
        scope=_SCOPE,
        success=201,
        reply=StreamTicket,
        limits=(OTHERWISE,),
    ),
)
