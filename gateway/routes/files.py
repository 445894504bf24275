from uuid import UUID

import uuid_utils.compat as uuid
from aiohttp import web

from contracts.files import AttachFile, BeginUpload, File, FilePosition, GetFile, ListFiles, RemoveFile
from contracts.problems import (
    FORBIDDEN,
    INVALID_CURSOR,
    NOT_FOUND,
    QUOTA_EXCEEDED,
    RANGE_NOT_SATISFIABLE,
)
from gateway import downloads, uploads
from gateway.execution import ask, execute, prepare
from gateway.operation import ANYTHING, MULTIPART, Operation
from gateway.pages import Listing, read_position, show_page
from gateway.path import task_id
from gateway.query import read_query
from gateway.rate_limits import OTHERWISE, UPLOAD
from gateway.state import OBJECTS, PARSED_BODY, SETTINGS


def _file_id(request: web.Request) -> UUID:
    return UUID(request.match_info["file_id"])


async def attach_file(request: web.Request) -> web.Response:
    """The bytes are stored before the task is told of them, and somebody knows of them before they are stored."""
    part, task, file_id = await uploads.open_part(request), task_id(request), uuid.uuid7()
    uploads.read_filename(part)
    await prepare(request, BeginUpload(task_id=task, file_id=file_id))
    within = request.app[SETTINGS].upload_timeout.total_seconds()
    stored = await uploads.store(request.app[OBJECTS], file_id, part, within=within)
    request[PARSED_BODY] = {"filename": stored.filename, "sha256": stored.sha256}
    command = AttachFile(
        task_id=task,
        file_id=file_id,
        filename=stored.filename,
        content_type=stored.content_type,
        size=stored.size,
        sha256=stored.sha256,
    )
    return await execute(request, command, location=lambda file: f"/v1/files/{file.id}")


async def list_files(request: web.Request) -> web.Response:
    listing = read_query(request, Listing)
    query = ListFiles(
        task_id=task_id(request), after=read_position(request, listing, FilePosition), limit=listing.limit
    )
    return await show_page(request, listing, query)


async def download_file(request: web.Request) -> web.StreamResponse:
    file = await ask(request, GetFile(file_id=_file_id(request)))
    return await downloads.send(request, request.app[OBJECTS], file)


async def remove_file(request: web.Request) -> web.Response:
    return await execute(request, RemoveFile(file_id=_file_id(request)))


OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/tasks/{task_id}/files",
        handle=attach_file,
        summary="Attach a file to a task",
        tag="files",
        scope="tasks:write",
        takes=(MULTIPART,),
        asks=AttachFile,
        success=201,
        reply=File,
        location=True,
        limits=(UPLOAD,),
        problems=(NOT_FOUND, FORBIDDEN, QUOTA_EXCEEDED),
    ),
    Operation(
        method="GET",
        path="/v1/tasks/{task_id}/files",
        handle=list_files,
        summary="List the files of a task, oldest first",
        tag="files",
        scope="tasks:read",
        query=Listing,
        asks=ListFiles,
        reply=File,
        paged=True,
        limits=(OTHERWISE,),
        problems=(INVALID_CURSOR, NOT_FOUND),
    ),
    Operation(
        method="GET",
        path="/v1/files/{file_id}",
        handle=download_file,
        summary="Download a file",
        tag="files",
        scope="tasks:read",
        asks=GetFile,
        gives=ANYTHING,
        versioned=True,
        limits=(OTHERWISE,),
        problems=(NOT_FOUND, RANGE_NOT_SATISFIABLE),
    ),
    Operation(
        method="DELETE",
        path="/v1/files/{file_id}",
        handle=remove_file,
        summary="Remove a file from its task",
        tag="files",
        scope="tasks:write",
        asks=RemoveFile,
        success=204,
        limits=(OTHERWISE,),
        problems=(NOT_FOUND, FORBIDDEN),
    ),
)
