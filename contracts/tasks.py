"""What task_worker is asked, and what it tells."""

from datetime import date
from typing import Annotated, Any, ClassVar, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    Field,
    SerializerFunctionWrapHandler,
    StringConstraints,
    model_serializer,
    model_validator,
)
from pydantic_core import PydanticCustomError

from contracts.message import Command, Event, Model, Query
from contracts.people import Person
from contracts.text import NORMALISED, ONE_LINE, SEVERAL_LINES
from contracts.timestamp import Timestamp

Status = Literal["pending", "in_progress", "completed"]
Priority = Literal["low", "medium", "high"]
Permission = Literal["owner", "edit", "view"]
Version = Annotated[int, Field(ge=1)]

Title = Annotated[str, StringConstraints(min_length=1, max_length=200), NORMALISED, ONE_LINE]
Description = Annotated[str, StringConstraints(max_length=2000), NORMALISED, SEVERAL_LINES]
Tag = Annotated[str, StringConstraints(min_length=1, max_length=50, to_lower=True), NORMALISED, ONE_LINE]
Tags = Annotated[tuple[Tag, ...], Field(max_length=20), AfterValidator(lambda tags: tuple(dict.fromkeys(tags)))]
"""A repeated tag counts once."""

DueDate = Annotated[date, Field(ge=date(1970, 1, 1), le=date(2200, 12, 31))]


class _Written(Model):
    """What a client writes."""

    @model_validator(mode="after")
    def _completed_agrees_with_status(self) -> Self:
        completed, status = getattr(self, "completed", None), getattr(self, "status", None)
        both = self.model_fields_set >= {"status", "completed"}
        if both and completed is not None and completed != (status == "completed"):
            raise PydanticCustomError("completed_contradicts_status", "completed and status say different things")
        return self

    @model_serializer(mode="wrap")
    def _only_what_was_named(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """A default that was not written would contradict what was, once the message is read again."""
        return {name: value for name, value in handler(self).items() if name in self.model_fields_set}


class NewTask(_Written):
    title: Title
    description: Description | None = None
    status: Status = "pending"
    completed: bool | None = None
    priority: Priority = "medium"
    due_date: DueDate | None = None
    tags: Tags = ()


class TaskPatch(_Written):
    """RFC 7396: a member that is absent stays as it is, null clears."""

    title: Title = ""
    description: Description | None = None
    status: Status = "pending"
    completed: bool = False
    priority: Priority = "medium"
    due_date: DueDate | None = None
    tags: Tags = ()


class TaskState(Model):
    """A task as it is, whoever looks at it."""

    id: UUID
    title: str
    description: str | None
    status: Status
    completed: bool
    completed_at: Timestamp | None
    priority: Priority
    due_date: date | None
    tags: tuple[str, ...]
    owner: Person
    share_count: int
    comment_count: int
    file_count: int
    version: int
    created_at: Timestamp
    updated_at: Timestamp


class Task(TaskState):
    """A task as one person sees it today."""

    my_permission: Permission
    overdue: bool


class CreateTask(Command[Task]):
    wire_name: ClassVar[str] = "tasks.create_task.v1"
    queue: ClassVar[str] = "tasks.commands"
    success: ClassVar[int] = 201

    task_id: UUID
    task: NewTask


class UpdateTask(Command[Task]):
    """`if_match` is the version that the caller has seen; None where he does not mind."""

    wire_name: ClassVar[str] = "tasks.update_task.v1"
    queue: ClassVar[str] = "tasks.commands"

    task_id: UUID
    patch: TaskPatch
    if_match: tuple[Version, ...] | None = None


class DeleteTask(Command[None]):
    wire_name: ClassVar[str] = "tasks.delete_task.v1"
    queue: ClassVar[str] = "tasks.commands"
    success: ClassVar[int] = 204

    task_id: UUID
    if_match: tuple[Version, ...] | None = None


class GetTask(Query[Task]):
    wire_name: ClassVar[str] = "tasks.get_task.v1"
    queue: ClassVar[str] = "tasks.queries"

    task_id: UUID


class TaskPosition(Model):
    """Where a page ended: the sort key of its last task."""

    created_at: Timestamp
    id: UUID


class TaskPage(Model):
    items: tuple[Task, ...]
    next: TaskPosition | None


class ListTasks(Query[TaskPage]):
    wire_name: ClassVar[str] = "tasks.list_tasks.v1"
    queue: ClassVar[str] = "tasks.queries"

    status: tuple[Status, ...] = ()
    priority: tuple[Priority, ...] = ()
    after: TaskPosition | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class Change(Model):
    old: Any
    new: Any


class TaskEvent(Event):
    """`audience` may see the task, and so the event."""

    resource_type: ClassVar[str] = "task"

    task: TaskState
    changes: dict[str, Change]
    actor: Person
    audience: tuple[UUID, ...]

    @property
    def aggregate_id(self) -> UUID:
        return self.task.id

    @property
    def aggregate_version(self) -> int:
        return self.task.version


class TaskCreated(TaskEvent):
    wire_name: ClassVar[str] = "tasks.task_created.v1"
    action: ClassVar[str] = "created"


class TaskUpdated(TaskEvent):
    wire_name: ClassVar[str] = "tasks.task_updated.v1"
    action: ClassVar[str] = "updated"


class TaskCompleted(TaskEvent):
    """Whatever else the same change did: one change is one event."""

    wire_name: ClassVar[str] = "tasks.task_completed.v1"
    action: ClassVar[str] = "completed"


class TaskReopened(TaskEvent):
    wire_name: ClassVar[str] = "tasks.task_reopened.v1"
    action: ClassVar[str] = "reopened"


class TaskDeleted(TaskEvent):
    """Holds the last representation."""

    wire_name: ClassVar[str] = "tasks.task_deleted.v1"
    action: ClassVar[str] = "deleted"
