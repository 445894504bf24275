from aiohttp import web

from contracts.identity import FindUser
from contracts.problems import ALREADY_SHARED, FORBIDDEN, INVALID_CURSOR, NOT_FOUND, USER_NOT_FOUND
from contracts.sharing import (
    ChangeShare,
    ListShares,
    NewShare,
    Share,
    ShareLevel,
    SharePosition,
    ShareTask,
    Unshare,
)
from gateway.body import read_body
from gateway.execution import ask, execute
from gateway.operation import Operation
from gateway.pages import Listing, read_position, show_page
from gateway.path import task_id, username
from gateway.preconditions import if_match
from gateway.query import read_query
from gateway.rate_limits import OTHERWISE


async def share_task(request: web.Request) -> web.Response:
    body = await read_body(request, NewShare)
    command = ShareTask(
        task_id=task_id(request),
        user=await ask(request, FindUser(username=body.shared_with_username)),
        permission=body.permission,
        if_match=if_match(request),
    )
    return await execute(
        request, command, location=lambda share: f"/v1/tasks/{share.task_id}/share/{share.user.username}"
    )


async def list_shares(request: web.Request) -> web.Response:
    listing = read_query(request, Listing)
    query = ListShares(
        task_id=task_id(request), after=read_position(request, listing, SharePosition), limit=listing.limit
    )
    return await show_page(request, listing, query)


async def change_share(request: web.Request) -> web.Response:
    body = await read_body(request, ShareLevel)
    command = ChangeShare(
        task_id=task_id(request),
        username=username(request),
        permission=body.permission,
        if_match=if_match(request),
    )
    return await execute(request, command)


async def unshare(request: web.Request) -> web.Response:
    command = Unshare(task_id=task_id(request), username=username(request), if_match=if_match(request))
    return await execute(request, command)


OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/tasks/{task_id}/share",
        handle=share_task,
        summary="Share a task with somebody",
        tag="sharing",
        scope="tasks:write",
        body=NewShare,
        asks=ShareTask,
        success=201,
        reply=Share,
        location=True,
        versioned=True,
        conditional=True,
        limits=(OTHERWISE,),
        problems=(NOT_FOUND, USER_NOT_FOUND, FORBIDDEN, ALREADY_SHARED),
    ),
    Operation(
        method="GET",
        path="/v1/tasks/{task_id}/shares",
        handle=list_shares,
        summary="List whom a task is shared with, oldest first",
        tag="sharing",
        scope="tasks:read",
        query=Listing,
        asks=ListShares,
        reply=Share,
        paged=True,
        limits=(OTHERWISE,),
        problems=(INVALID_CURSOR, NOT_FOUND, FORBIDDEN),
    ),
    Operation(
        method="PUT",
        path="/v1/tasks/{task_id}/share/{username}",
        handle=change_share,
        summary="Change what somebody may do to a task",
        tag="sharing",
        scope="tasks:write",
        body=ShareLevel,
        asks=ChangeShare,
        reply=Share,
        versioned=True,
        conditional=True,
        limits=(OTHERWISE,),
        problems=(NOT_FOUND, FORBIDDEN),
    ),
    Operation(
        method="DELETE",
        path="/v1/tasks/{task_id}/share/{username}",
        handle=unshare,
        summary="Share a task with somebody no longer; a recipient may leave",
        tag="sharing",
        scope="tasks:write",
        asks=Unshare,
        success=204,
        conditional=True,
        limits=(OTHERWISE,),
        problems=(NOT_FOUND, FORBIDDEN),
    ),
)
