from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Literal
from uuid import UUID

from aiohttp import web
from pydantic import Field, StringConstraints

from contracts.notices import (
    ActivityCounts,
    ActivityEntry,
    ActivityPosition,
    CountActivity,
    ListActivity,
    ListTimeline,
    ResourceType,
)
from contracts.problems import INVALID_CURSOR, NOT_FOUND
from gateway.execution import fetch, show
from gateway.operation import Operation
from gateway.pages import Listing, read_position, show_page
from gateway.query import COMMAS, ONCE, Day, Id, Parameters, read_query
from gateway.rate_limits import OTHERWISE

Action = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}$")]


class ActivityListing(Listing):
    scope: Annotated[
        Literal["mine", "visible"],
        Field(description="What the caller did, or everything that happened to what the caller may see."),
    ] = "mine"
    action: Annotated[tuple[Action, ...], COMMAS, ONCE, Field(max_length=20)] = ()
    resource_type: Annotated[tuple[ResourceType, ...], COMMAS, ONCE] = ()
    task_id: Id | None = None
    start_date: Day | None = None
    end_date: Annotated[Day | None, Field(description="Included, to its last second.")] = None


class Period(Parameters):
    start_date: Day | None = None
    end_date: Annotated[Day | None, Field(description="Included, to its last second.")] = None


def _period(start: date | None, end: date | None) -> tuple[datetime | None, datetime | None]:
    return (_midnight(start) if start else None, _midnight(end + timedelta(days=1)) if end else None)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


async def list_activity(request: web.Request) -> web.Response:
    listing = read_query(request, ActivityListing)
    start, end = _period(listing.start_date, listing.end_date)
    query = ListActivity(
        scope=listing.scope,
        action=listing.action,
        resource_type=listing.resource_type,
        task_id=listing.task_id,
        start=start,
        end=end,
        after=read_position(request, listing, ActivityPosition),
        limit=listing.limit,
    )
    return await show_page(request, listing, query)


async def list_timeline(request: web.Request) -> web.Response:
    listing = read_query(request, Listing)
    query = ListTimeline(
        task_id=UUID(request.match_info["id"]),
        after=read_position(request, listing, ActivityPosition),
        limit=listing.limit,
    )
    return await show_page(request, listing, query)


async def count_activity(request: web.Request) -> web.Response:
    period = read_query(request, Period)
    start, end = _period(period.start_date, period.end_date)
    return show(request, await fetch(request, CountActivity(start=start, end=end)))


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/activity",
        handle=list_activity,
        summary="List what the caller did or may see, newest first",
        tag="activity",
        scope="activity:read",
        query=ActivityListing,
        asks=ListActivity,
        reply=ActivityEntry,
        paged=True,
        limits=(OTHERWISE,),
        problems=(INVALID_CURSOR,),
    ),
    Operation(
        method="GET",
        path="/v1/activity/tasks/{id}",
        handle=list_timeline,
        summary="List what happened to a task, oldest first",
        tag="activity",
        scope="activity:read",
        query=Listing,
        asks=ListTimeline,
        reply=ActivityEntry,
        paged=True,
        limits=(OTHERWISE,),
        problems=(INVALID_CURSOR, NOT_FOUND),
    ),
    Operation(
        method="GET",
        path="/v1/activity/stats",
        handle=count_activity,
        summary="Count what the caller did",
        tag="activity",
        scope="activity:read",
        query=Period,
        asks=CountActivity,
        reply=ActivityCounts,
        limits=(OTHERWISE,),
    ),
)
