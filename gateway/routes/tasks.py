from typing import Annotated
from uuid import UUID

import uuid_utils.compat as uuid
from aiohttp import web
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from chassis.errors import Refusal
from contracts.message import Model
from contracts.problems import EMPTY_PATCH, FORBIDDEN, NOT_FOUND
from contracts.tasks import (
    AddTags,
    CreateTask,
    DeleteTask,
    GetTask,
    NewTask,
    RemoveTag,
    RestoreTask,
    Tags,
    Task,
    TaskBatch,
    TaskPatch,
    UpdateTask,
    UpdateTasks,
)
from gateway.body import read_body
from gateway.execution import execute, fetch, show
from gateway.operation import JSON, MERGE_PATCH, Operation
from gateway.path import read_tag, task_id
from gateway.preconditions import if_match
from gateway.query import Flag, Parameters, read_query
from gateway.rate_limits import CREATE_TASK, OTHERWISE


def _each_once(ids: tuple[UUID, ...]) -> tuple[UUID, ...]:
    if len(set(ids)) < len(ids):
        raise PydanticCustomError("repeated", "must name each task once")
    return ids


class Shown(Parameters):
    deleted: Flag = Field(default=False, description="Whether a task that the caller has deleted is shown, too.")


class NewTags(Model):
    tags: Tags = Field(min_length=1)


class BulkUpdate(Model):
    task_ids: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=100), AfterValidator(_each_once)]
    updates: TaskPatch


async def create_task(request: web.Request) -> web.Response:
    command = CreateTask(task_id=uuid.uuid7(), task=await read_body(request, NewTask))
    return await execute(request, command, location=lambda task: f"/v1/tasks/{task.id}")


async def show_task(request: web.Request) -> web.Response:
    shown = read_query(request, Shown)
    return show(request, await fetch(request, GetTask(task_id=task_id(request), deleted=shown.deleted)))


async def update_task(request: web.Request) -> web.Response:
    patch = await read_body(request, TaskPatch)
    return await execute(request, UpdateTask(task_id=task_id(request), patch=patch, if_match=if_match(request)))


async def replace_task(request: web.Request) -> web.Response:
    """What the body does not name gets the value that it would have in a new task."""
    patch = (await read_body(request, NewTask)).as_patch()
    return await execute(request, UpdateTask(task_id=task_id(request), patch=patch, if_match=if_match(request)))


async def update_tasks(request: web.Request) -> web.Response:
    body = await read_body(request, BulkUpdate)
    if not body.updates.model_fields_set:
        raise Refusal(EMPTY_PATCH)
    return await execute(request, UpdateTasks(task_ids=body.task_ids, patch=body.updates))


async def delete_task(request: web.Request) -> web.Response:
    return await execute(request, DeleteTask(task_id=task_id(request), if_match=if_match(request)))


async def restore_task(request: web.Request) -> web.Response:
    return await execute(request, RestoreTask(task_id=task_id(request), if_match=if_match(request)))


async def add_tags(request: web.Request) -> web.Response:
    body = await read_body(request, NewTags)
    return await execute(request, AddTags(task_id=task_id(request), tags=body.tags, if_match=if_match(request)))


async def remove_tag(request: web.Request) -> web.Response:
    command = RemoveTag(task_id=task_id(request), tag=read_tag(request), if_match=if_match(request))
    return await execute(request, command)


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
        path="/v1/tasks/{task_id}",
        handle=show_task,
        summary="Show a task",
        tag="tasks",
        scope="tasks:read",
        query=Shown,
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
        method="PUT",
        path="/v1/tasks/{task_id}",
        handle=replace_task,
        summary="Replace everything that can be written of a task",
        tag="tasks",
        scope="tasks:write",
        body=NewTask,
        asks=UpdateTask,
        reply=Task,
        versioned=True,
        conditional=True,
        limits=(OTHERWISE,),
        problems=(NOT_FOUND, FORBIDDEN),
    ),
    Operation(
        method="PATCH",
        path="/v1/tasks/bulk",
        handle=update_tasks,
        summary="Change up to 100 tasks in the same way: all of them, or none",
        tag="tasks",
        scope="tasks:write",
        body=BulkUpdate,
        takes=(JSON, MERGE_PATCH),
        asks=UpdateTasks,
        reply=TaskBatch,
        limits=(OTHERWISE,),
        problems=(EMPTY_PATCH, NOT_FOUND, FORBIDDEN),
    ),
    Operation(
        method="DELETE",
        path="/v1/tasks/{task_id}",
        handle=delete_task,
        summary="Delete a task; for 30 days it can be restored",
        tag="tasks",
        scope="tasks:write",
        asks=DeleteTask,
        success=204,
        conditional=True,
        limits=(OTHERWISE,),
        problems=(NOT_FOUND, FORBIDDEN),
    ),
    Operation(
        method="POST",
        path="/v1/tasks/{task_id}/restore",
        handle=restore_task,
        summary="Restore a deleted task",
        tag="tasks",
        scope="tasks:write",
        asks=RestoreTask,
        reply=Task,
        versioned=True,
        conditional=True,
        limits=(OTHERWISE,),
        problems=(NOT_FOUND, FORBIDDEN),
    ),
    Operation(
        method="POST",
        path="/v1/tasks/{task_id}/tags",
        handle=add_tags,
        summary="Add tags to a task",
        tag="tasks",
        scope="tasks:write",
        body=NewTags,
        asks=AddTags,
        reply=Task,
        versioned=True,
        conditional=True,
        limits=(OTHERWISE,),
        problems=(NOT_FOUND, FORBIDDEN),
    ),
    Operation(
        method="DELETE",
        path="/v1/tasks/{task_id}/tags/{tag}",
        handle=remove_tag,
        summary="Remove a tag from a task",
        tag="tasks",
        scope="tasks:write",
        asks=RemoveTag,
        reply=Task,
        versioned=True,
        conditional=True,
        limits=(OTHERWISE,),
        problems=(NOT_FOUND, FORBIDDEN),
    ),
)
