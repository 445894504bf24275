from typing import Annotated
from uuid import UUID

import uuid_utils.compat as uuid
from aiohttp import web

from contracts.problems import EMPTY_PATCH, FORBIDDEN, INVALID_CURSOR, NOT_FOUND
from contracts.tasks import (
    CreateTask,
    DeleteTask,
    GetTask,
    ListTasks,
    NewTask,
    Priority,
    Status,
    Task,
    TaskPatch,
    TaskPosition,
    UpdateTask,
)
from gateway.body import read_body
from gateway.execution import ask, execute, show
from gateway.operation import JSON, MERGE_PATCH, Operation
from gateway.pages import Listing, read_position, show_page
from gateway.preconditions import read_if_match
from gateway.query import COMMAS, ONCE, read_query
from gateway.rate_limits import CREATE_TASK, OTHERWISE
from gateway.state import SETTINGS


class TaskListing(Listing):
    status: Annotated[tuple[Status, ...], COMMAS, ONCE] = ()
    priority: Annotated[tuple[Priority, ...], COMMAS, ONCE] = ()


def _task_id(request: web.Request) -> UUID:
    return UUID(request.match_info["task_id"])


def _if_match(request: web.Request) -> tuple[int, ...] | None:
    return read_if_match(request, required=request.app[SETTINGS].require_if_match)


async def create_task(request: web.Request) -> web.Response:
    command = CreateTask(task_id=uuid.uuid7(), task=await read_body(request, NewTask))
    return await execute(request, command, location=lambda task: f"/v1/tasks/{task.id}")


async def list_tasks(request: web.Request) -> web.Response:
    listing = read_query(request, TaskListing)
    query = ListTasks(
        status=listing.status,
        priority=listing.priority,
        after=read_position(request, listing, TaskPosition),
        limit=listing.limit,
    )
    page = await ask(request, query)
    return show_page(request, listing, page.items, page.next)


async def show_task(request: web.Request) -> web.Response:
    task = await ask(request, GetTask(task_id=_task_id(request)))
    return show(request, task)


async def update_task(request: web.Request) -> web.Response:
    patch = await read_body(request, TaskPatch)
    return await execute(request, UpdateTask(task_id=_task_id(request), patch=patch, if_match=_if_match(request)))


async def delete_task(request: web.Request) -> web.Response:
    return await execute(request, DeleteTask(task_id=_task_id(request), if_match=_if_match(request)))


OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/tasks",
        handle=create_task,
        summary="Create a task",
        tag="tasks",
        scope="tasks:write",
        body=NewTask,
        asks=CreateTask,
        success=201,
        reply=Task,
        location=True,
        versioned=True,
        limits=(CREATE_TASK,),
    ),
    Operation(
        method="GET",
        path="/v1/tasks",
        handle=list_tasks,
        summary="List tasks, newest first",
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
        path="/v1/tasks/{task_id}",
        handle=show_task,
        summary="Show a task",
        tag="tasks",
        scope="tasks:read",
        asks=GetTask,
        reply=Task,
        versioned=True,
        limits=(OTHERWISE,),
        problems=(NOT_FOUND,),
    ),
    Operation(
        method="PATCH",
        path="/v1/tasks/{task_id}",
        handle=update_task,
        summary="Change a task",
        tag="tasks",
        scope="tasks:write",
        body=TaskPatch,
        takes=(JSON, MERGE_PATCH),
        asks=UpdateTask,
        reply=Task,
        versioned=True,
        conditional=True,
        limits=(OTHERWISE,),
        problems=(EMPTY_PATCH, NOT_FOUND, FORBIDDEN),
    ),
    Operation(
        method="DELETE",
        path="/v1/tasks/{task_id}",
        handle=delete_task,
        summary="Delete a task",
        tag="tasks",
        scope="tasks:write",
        asks=DeleteTask,
        success=204,
        conditional=True,
        limits=(OTHERWISE,),
        problems=(NOT_FOUND, FORBIDDEN),
    ),
)
