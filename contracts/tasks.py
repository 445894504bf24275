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

COMMANDS = "tasks.commands"
QUERIES = "tasks.queries"

Status = Literal["pending", "in_progress", "completed"]
Priority = Literal["low", "medium", "high"]
Permission = Literal["owner", "edit", "view"]
IfMatch = tuple[Annotated[int, Field(ge=1)], ...] | None
"""The versions that the caller has seen; None where he does not mind."""

Title = Annotated[str, StringConstraints(min_length=1, max_length=200), NORMALISED, ONE_LINE]
Description = Annotated[str, StringConstraints(max_length=2000), NORMALISED, SEVERAL_LINES]
Tag = Annotated[str, StringConstraints(min_length=1, max_length=50, to_lower=True), NORMALISED, ONE_LINE]
MAX_TAGS = 20
Tags = Annotated[tuple[Tag, ...], Field(max_length=MAX_TAGS), AfterValidator(lambda tags: tuple(dict.fromkeys(tags)))]
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

    def as_patch(self) -> "TaskPatch":
        """Everything that can be written, whether it was named or not."""
        values = {name: getattr(self, name) for name in type(self).model_fields if name != "completed"}
        if self.completed is not None and "status" not in self.model_fields_set:
            values["status"] = "completed" if self.completed else "pending"
        return TaskPatch(**values)


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
    deleted_at: Timestamp | None = None


class Task(TaskState):
    """A task as one person sees it today."""

    my_permission: Permission
    overdue: bool


class TaskBatch(Model):
    items: tuple[Task, ...]


class CreateTask(Command[Task]):
    wire_name: ClassVar[str] = "tasks.create_task.v1"
    queue: ClassVar[str] = COMMANDS
    success: ClassVar[int] = 201

    task_id: UUID
    task: NewTask


class UpdateTask(Command[Task]):
    wire_name: ClassVar[str] = "tasks.update_task.v1"
    queue: ClassVar[str] = COMMANDS

    task_id: UUID
    patch: TaskPatch
    if_match: IfMatch = None


class UpdateTasks(Command[TaskBatch]):
    """All of them, or none."""

    wire_name: ClassVar[str] = "tasks.update_tasks.v1"
    queue: ClassVar[str] = COMMANDS

    task_ids: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=100)]
    patch: TaskPatch


class AddTags(Command[Task]):
    wire_name: ClassVar[str] = "tasks.add_tags.v1"
    queue: ClassVar[str] = COMMANDS

    task_id: UUID
    tags: Tags
    if_match: IfMatch = None


class RemoveTag(Command[Task]):
    wire_name: ClassVar[str] = "tasks.remove_tag.v1"
    queue: ClassVar[str] = COMMANDS

    task_id: UUID
    tag: Tag
    if_match: IfMatch = None


class DeleteTask(Command[None]):
    wire_name: ClassVar[str] = "tasks.delete_task.v1"
    queue: ClassVar[str] = COMMANDS
    success: ClassVar[int] = 204

    task_id: UUID
    if_match: IfMatch = None


class RestoreTask(Command[Task]):
    wire_name: ClassVar[str] = "tasks.restore_task.v1"
    queue: ClassVar[str] = COMMANDS

    task_id: UUID
    if_match: IfMatch = None


class GetTask(Query[Task]):
    """`deleted` finds what its owner has deleted, as well."""

    wire_name: ClassVar[str] = "tasks.get_task.v1"
    queue: ClassVar[str] = QUERIES

    task_id: UUID
    deleted: bool = False


class Change(Model):
    old: Any
    new: Any


class TaskEvent(Event):
    """Whatever happens to a task or to what hangs on it makes a new version of the task, so that all of it has one order.

    `audience` may see the task, and so the event. Nobody is the actor of what the clock did.
    """

    resource_type: ClassVar[str] = "task"
    aggregate_type: ClassVar[str] = "task"

    task: TaskState
    changes: dict[str, Change]
    actor: Person | None
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


class TaskRestored(TaskEvent):
    wire_name: ClassVar[str] = "tasks.task_restored.v1"
    action: ClassVar[str] = "restored"


class TaskDueSoon(TaskEvent):
    """Told once for each due date, as long before its end as the owner wants it."""

    wire_name: ClassVar[str] = "tasks.task_due_soon.v1"
    action: ClassVar[str] = "due_soon"


class TaskOverdue(TaskEvent):
    """Told once for each due date, when it ends where the owner lives."""

    wire_name: ClassVar[str] = "tasks.task_overdue.v1"
    action: ClassVar[str] = "overdue"


class TagsChanged(TaskEvent):
    wire_name: ClassVar[str] = "tasks.tags_changed.v1"
    action: ClassVar[str] = "tags_changed"
