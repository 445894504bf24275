from uuid import UUID

import uuid_utils.compat as uuid
from aiohttp import web

from contracts.comments import (
    AddComment,
    Comment,
    CommentPatch,
    CommentPosition,
    DeleteComment,
    EditComment,
    GetComment,
    ListComments,
    NewComment,
)
from contracts.problems import EMPTY_PATCH, FORBIDDEN, INVALID_CURSOR, NOT_FOUND
from gateway.body import read_body
from gateway.execution import execute, fetch, show
from gateway.operation import JSON, MERGE_PATCH, Operation
from gateway.pages import Listing, read_position, show_page
from gateway.path import task_id
from gateway.preconditions import if_match
from gateway.query import read_query
from gateway.rate_limits import OTHERWISE


def _comment_id(request: web.Request) -> UUID:
    return UUID(request.match_info["comment_id"])


async def add_comment(request: web.Request) -> web.Response:
    body = await read_body(request, NewComment)
    command = AddComment(task_id=task_id(request), comment_id=uuid.uuid7(), content=body.content)
    return await execute(request, command, location=lambda comment: f"/v1/comments/{comment.id}")


async def list_comments(request: web.Request) -> web.Response:
    listing = read_query(request, Listing)
    query = ListComments(
        task_id=task_id(request), after=read_position(request, listing, CommentPosition), limit=listing.limit
    )
    return await show_page(request, listing, query)


async def show_comment(request: web.Request) -> web.Response:
    return show(request, await fetch(request, GetComment(comment_id=_comment_id(request))))


async def edit_comment(request: web.Request) -> web.Response:
    patch = await read_body(request, CommentPatch)
    command = EditComment(comment_id=_comment_id(request), content=patch.content, if_match=if_match(request))
    return await execute(request, command)


async def delete_comment(request: web.Request) -> web.Response:
    return await execute(request, DeleteComment(comment_id=_comment_id(request), if_match=if_match(request)))


OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/tasks/{task_id}/comments",
        handle=add_comment,
        summary="Comment on a task",
        tag="comments",
        scope="tasks:write",
        body=NewComment,
        asks=AddComment,
        success=201,
        reply=Comment,
        location=True,
        versioned=True,
        limits=(OTHERWISE,),
        problems=(NOT_FOUND,),
    ),
    Operation(
        method="GET",
        path="/v1/tasks/{task_id}/comments",
        handle=list_comments,
        summary="List the comments on a task, oldest first",
        tag="comments",
        scope="tasks:read",
        query=Listing,
        asks=ListComments,
        reply=Comment,
        paged=True,
        limits=(OTHERWISE,),
        problems=(INVALID_CURSOR, NOT_FOUND),
    ),
    Operation(
        method="GET",
        path="/v1/comments/{comment_id}",
        handle=show_comment,
        summary="Show a comment",
        tag="comments",
        scope="tasks:read",
        asks=GetComment,
        reply=Comment,
        versioned=True,
        limits=(OTHERWISE,),
        problems=(NOT_FOUND,),
    ),
    Operation(
        method="PATCH",
        path="/v1/comments/{comment_id}",
        handle=edit_comment,
        summary="Edit a comment of one's own",
        tag="comments",
        scope="tasks:write",
        body=CommentPatch,
        takes=(JSON, MERGE_PATCH),
        asks=EditComment,
        reply=Comment,
        versioned=True,
        conditional=True,
        limits=(OTHERWISE,),
        problems=(EMPTY_PATCH, NOT_FOUND, FORBIDDEN),
    ),
    Operation(
        method="DELETE",
        path="/v1/comments/{comment_id}",
        handle=delete_comment,
        summary="Delete a comment of one's own, or on a task of one's own",
        tag="comments",
        scope="tasks:write",
        asks=DeleteComment,
        success=204,
        conditional=True,
        limits=(OTHERWISE,),
        problems=(NOT_FOUND, FORBIDDEN),
    ),
)
