from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated

from aiohttp import web
from pydantic import Field, StringConstraints

from contracts.notices import ActivityEntry, ActivityPosition, ListActivity, ResourceType
from contracts.problems import INVALID_CURSOR
from gateway.execution import ask
from gateway.operation import Operation
from gateway.pages import Listing, read_position, show_page
from gateway.query import COMMAS, ONCE, Day, Id, read_query
from gateway.rate_limits import OTHERWISE

Action = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}$")]


class ActivityListing(Listing):
    action: Annotated[tuple[Action, ...], COMMAS, ONCE, Field(max_length=20)] = ()
    resource_type: Annotated[tuple[ResourceType, ...], COMMAS, ONCE] = ()
    task_id: Id | None = None
    start_date: Day | None = None
    end_date: Annotated[Day | None, Field(description="Included, to its last second.")] = None


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


async def list_activity(request: web.Request) -> web.Response:
    listing = read_query(request, ActivityListing)
    query = ListActivity(
        action=listing.action,
        resource_type=listing.resource_type,
        task_id=listing.task_id,
        start=_midnight(listing.start_date) if listing.start_date else None,
        end=_midnight(listing.end_date + timedelta(days=1)) if listing.end_date else None,
        after=read_position(request, listing, ActivityPosition),
        limit=listing.limit,
    )
    page = await ask(request, query)
    return show_page(request, listing, page.items, page.next)


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/activity",
        handle=list_activity,
        summary="List what the caller did, newest first",
        tag="activity",
        scope="activity:read",
        query=ActivityListing,
        asks=ListActivity,
        reply=ActivityEntry,
        paged=True,
        limits=(OTHERWISE,),
        problems=(INVALID_CURSOR,),
    ),
)
