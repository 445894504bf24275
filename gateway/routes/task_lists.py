from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Literal

from aiohttp import web
from pydantic import AfterValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from contracts.problems import INVALID_CURSOR
from contracts.task_lists import (
    NEWEST_FIRST,
    GetTaskStats,
    ListTags,
    ListTasks,
    Owner,
    Sort,
    TagCount,
    TagPosition,
    TaskPosition,
    TaskStats,
)
from contracts.tasks import Priority, Status, Tags, Task
from contracts.text import NORMALISED, SEVERAL_LINES
from gateway.execution import fetch, show_by_content
from gateway.operation import Operation
from gateway.pages import Listing, read_position, show_page
from gateway.query import COMMAS, ONCE, Day, Flag, Moment, read_query
from gateway.rate_limits import OTHERWISE

_TICK = timedelta(microseconds=1)


def _each_once(keys: tuple[str, ...]) -> tuple[str, ...]:
    if len({key.removeprefix("-") for key in keys}) < len(keys):
        raise PydanticCustomError("repeated", "must name each key once")
    return keys


class SharedListing(Listing):
    status: Annotated[tuple[Status, ...], COMMAS, ONCE] = ()
    completed: Flag | None = None
    priority: Annotated[tuple[Priority, ...], COMMAS, ONCE] = ()
    tags: Annotated[Tags, COMMAS, Field(description="The task must have all of them.")] = ()
    overdue: Flag | None = None
    search: (
        Annotated[
            str,
            StringConstraints(min_length=1, max_length=200),
            NORMALISED,
            SEVERAL_LINES,
            Field(description='Words of the title or description; "a phrase", or, and -without as in a search engine.'),
        ]
        | None
    ) = None
    created_after: Annotated[Moment | None, Field(description="A day is included as a whole.")] = None
    created_before: Annotated[Moment | None, Field(description="A day is included as a whole.")] = None
    updated_after: Annotated[Moment | None, Field(description="A day is included as a whole.")] = None
    due_after: Annotated[Day | None, Field(description="Included.")] = None
    due_before: Annotated[Day | None, Field(description="Included.")] = None
    sort: Annotated[tuple[Sort, ...], COMMAS, Field(max_length=3), AfterValidator(_each_once)] = NEWEST_FIRST
    count: Annotated[Literal["exact"] | None, Field(description="Whether page.total is wanted.")] = None


class TaskListing(SharedListing):
    owner: Owner = "any"
    deleted: Annotated[Flag, Field(description="Tasks that the caller has deleted, instead of the others.")] = False

    @model_validator(mode="after")
    def _deleted_are_ones_own(self) -> "TaskListing":
        if self.deleted and self.owner == "shared":
            raise PydanticCustomError("deleted_is_owned", "deleted tasks are seen by their owner alone")
        return self


def _from(moment: date | datetime | None) -> datetime | None:
    if isinstance(moment, datetime):
        return moment + _TICK
    return datetime.combine(moment, time(), UTC) if moment else None


def _until(moment: date | datetime | None) -> datetime | None:
    if isinstance(moment, datetime):
        return moment
    return datetime.combine(moment + timedelta(days=1), time(), UTC) if moment else None


async def _list(request: web.Request, listing: SharedListing, owner: Owner, *, deleted: bool) -> web.Response:
    query = ListTasks(
        owner=owner,
        deleted=deleted,
        status=listing.status,
        completed=listing.completed,
        priority=listing.priority,
        tags=listing.tags,
        overdue=listing.overdue,
        search=listing.search,
        created_from=_from(listing.created_after),
        created_until=_until(listing.created_before),
        updated_from=_from(listing.updated_after),
        due_from=listing.due_after,
        due_until=listing.due_before + timedelta(days=1) if listing.due_before else None,
        sort=listing.sort,
        after=read_position(request, listing, TaskPosition),
        limit=listing.limit,
        count=listing.count is not None,
    )
    return await show_page(request, listing, query)


async def list_tasks(request: web.Request) -> web.Response:
    listing = read_query(request, TaskListing)
    return await _list(request, listing, listing.owner, deleted=listing.deleted)


async def list_tasks_shared_with_me(request: web.Request) -> web.Response:
    return await _list(request, read_query(request, SharedListing), "shared", deleted=False)


async def show_task_stats(request: web.Request) -> web.Response:
    return show_by_content(request, await fetch(request, GetTaskStats()))


async def list_tags(request: web.Request) -> web.Response:
    listing = read_query(request, Listing)
    query = ListTags(after=read_position(request, listing, TagPosition), limit=listing.limit)
    return await show_page(request, listing, query)


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/tasks",
        handle=list_tasks,
        summary="List the tasks that the caller owns or that are shared with him",
        tag="tasks",
        scope="tasks:read",
        query=TaskListing,
        asks=ListTasks,
        reply=Task,
        paged=True,
        limits=(OTHERWISE,),
        problems=(INVALID_CURSOR,),
    ),
    Operation(
        method="GET",
        path="/v1/tasks/shared-with-me",
        handle=list_tasks_shared_with_me,
        summary="List the tasks that are shared with the caller",
        tag="sharing",
        scope="tasks:read",
        query=SharedListing,
        asks=ListTasks,
        reply=Task,
        paged=True,
        limits=(OTHERWISE,),
        problems=(INVALID_CURSOR,),
    ),
    Operation(
        method="GET",
        path="/v1/tasks/stats",
        handle=show_task_stats,
        summary="Count the caller's tasks",
        tag="tasks",
        scope="tasks:read",
        asks=GetTaskStats,
        reply=TaskStats,
        versioned=True,
        limits=(OTHERWISE,),
    ),
    Operation(
        method="GET",
        path="/v1/tags",
        handle=list_tags,
        summary="List the tags of the caller's tasks, with how many have them",
        tag="tasks",
        scope="tasks:read",
        query=Listing,
        asks=ListTags,
        reply=TagCount,
        paged=True,
        limits=(OTHERWISE,),
        problems=(INVALID_CURSOR,),
    ),
)
