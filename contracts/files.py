"""Files of a task: what is known of them. Their bytes never travel in a message."""

from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field, StringConstraints

from contracts.message import Command, Model, Query
from contracts.people import Person
from contracts.tasks import COMMANDS, QUERIES, TaskEvent
from contracts.text import NORMALISED, ONE_LINE
from contracts.timestamp import Timestamp

MAX_FILE = 10 * 1024 * 1024  # bytes

Filename = Annotated[str, StringConstraints(min_length=1, max_length=255), NORMALISED, ONE_LINE]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]

CONTENT_TYPES = {
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "gif": "image/gif",
    "pdf": "application/pdf",
    "txt": "text/plain; charset=utf-8",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
"""By extension: what a client says of it is not believed."""


def object_name(file_id: UUID) -> str:
    """Where the bytes are in the object storage."""
    return f"files/{file_id}"


class File(Model):
    id: UUID
    task_id: UUID
    filename: str
    content_type: str
    size: int
    """Bytes."""
    sha256: str
    uploaded_by: Person
    created_at: Timestamp


class BeginUpload(Command[None]):
    """Before the first byte is stored: whatever becomes of the upload, somebody knows that it began."""

    wire_name: ClassVar[str] = "tasks.begin_upload.v1"
    queue: ClassVar[str] = COMMANDS
    success: ClassVar[int] = 204

    task_id: UUID
    file_id: UUID


class AttachFile(Command[File]):
    """Its bytes are stored."""

    wire_name: ClassVar[str] = "tasks.attach_file.v1"
    queue: ClassVar[str] = COMMANDS
    success: ClassVar[int] = 201

    task_id: UUID
    file_id: UUID
    filename: Filename
    content_type: str
    size: Annotated[int, Field(ge=1, le=MAX_FILE)]
    sha256: Sha256


class RemoveFile(Command[None]):
    wire_name: ClassVar[str] = "tasks.remove_file.v1"
    queue: ClassVar[str] = COMMANDS
    success: ClassVar[int] = 204

    file_id: UUID


class EraseFile(Command[None]):
    """The bytes of a file that nobody can name any more."""

    wire_name: ClassVar[str] = "tasks.erase_file.v1"
    queue: ClassVar[str] = COMMANDS
    success: ClassVar[int] = 204
    sent_by: ClassVar[str] = "task_worker"

    file_id: UUID


class GetFile(Query[File]):
    wire_name: ClassVar[str] = "tasks.get_file.v1"
    queue: ClassVar[str] = QUERIES

    file_id: UUID


class FilePosition(Model):
    created_at: Timestamp
    id: UUID


class FilePage(Model):
    next: FilePosition | None
    items: tuple[File, ...]


class ListFiles(Query[FilePage]):
    """Oldest first."""

    wire_name: ClassVar[str] = "tasks.list_files.v1"
    queue: ClassVar[str] = QUERIES

    task_id: UUID
    after: FilePosition | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class FileEvent(TaskEvent):
    resource_type: ClassVar[str] = "file"

    file: File


class FileAttached(FileEvent):
    wire_name: ClassVar[str] = "tasks.file_attached.v1"
    action: ClassVar[str] = "uploaded"


class FileRemoved(FileEvent):
    wire_name: ClassVar[str] = "tasks.file_removed.v1"
    action: ClassVar[str] = "deleted"
