from functools import partial
from typing import Annotated, Literal
from uuid import UUID

from aiohttp import web
from pydantic import Field

from contracts.notifications import (
    CountUnread,
    GetPreferences,
    ListNotifications,
    MarkAllRead,
    MarkRead,
    Notification,
    NotificationCount,
    Preferences,
    PreferencesPatch,
    UpdatePreferences,
)
from contracts.pages import IdPosition
from contracts.problems import EMPTY_PATCH, INVALID_CURSOR, NOT_FOUND
from gateway.body import read_body
from gateway.execution import execute, fetch, show
from gateway.operation import JSON, MERGE_PATCH, Operation
from gateway.pages import Listing, read_position, show_page
from gateway.preconditions import read_if_match
from gateway.query import read_query
from gateway.rate_limits import OTHERWISE
from gateway.state import SETTINGS


class NotificationListing(Listing):
    unread: Annotated[Literal["true", "false"], Field(description="Only what has not been read.")] = "false"


async def show_preferences(request: web.Request) -> web.Response:
    return show(request, await fetch(request, GetPreferences()))


async def update_preferences(request: web.Request) -> web.Response:
    if_match = read_if_match(request, required=request.app[SETTINGS].require_if_match)
    patch = await read_body(request, PreferencesPatch)
    return await execute(request, UpdatePreferences(patch=patch, if_match=if_match))


async def list_notifications(request: web.Request) -> web.Response:
    listing = read_query(request, NotificationListing)
    query = ListNotifications(
        unread=listing.unread == "true",
        after=read_position(request, listing, IdPosition),
        limit=listing.limit,
    )
    return await show_page(request, listing, query)


async def count_unread(request: web.Request) -> web.Response:
    return show(request, await fetch(request, CountUnread()))


async def mark_read(request: web.Request) -> web.Response:
    return await execute(request, MarkRead(notification_id=UUID(request.match_info["id"])))


async def mark_all_read(request: web.Request) -> web.Response:
    return await execute(request, MarkAllRead())


_operation = partial(Operation, tag="notifications", scope="profile", limits=(OTHERWISE,))

OPERATIONS = (
    _operation(
        method="GET",
        path="/v1/notifications/preferences",
        handle=show_preferences,
        summary="Show what the caller wants to be told of, and how",
        asks=GetPreferences,
        reply=Preferences,
        versioned=True,
    ),
    _operation(
        method="PATCH",
        path="/v1/notifications/preferences",
        handle=update_preferences,
        summary="Change what the caller wants to be told of, and how",
        body=PreferencesPatch,
        takes=(MERGE_PATCH, JSON),
        asks=UpdatePreferences,
        reply=Preferences,
        versioned=True,
        conditional=True,
        problems=(EMPTY_PATCH,),
    ),
    _operation(
        method="GET",
        path="/v1/notifications",
        handle=list_notifications,
        summary="List the caller's notifications, newest first",
        query=NotificationListing,
        asks=ListNotifications,
        reply=Notification,
        paged=True,
        problems=(INVALID_CURSOR,),
    ),
    _operation(
        method="GET",
        path="/v1/notifications/unread",
        handle=count_unread,
        summary="Count what the caller has not read",
        asks=CountUnread,
        reply=NotificationCount,
    ),
    _operation(
        method="POST",
        path="/v1/notifications/{id}/read",
        handle=mark_read,
        summary="Mark a notification as read",
        asks=MarkRead,
        reply=Notification,
        problems=(NOT_FOUND,),
    ),
    _operation(
        method="POST",
        path="/v1/notifications/read-all",
        handle=mark_all_read,
        summary="Mark every notification as read",
        asks=MarkAllRead,
        reply=NotificationCount,
    ),
)
