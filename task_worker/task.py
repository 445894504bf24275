"""What a task may become. No I/O."""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from chassis.errors import Refusal
from contracts.people import Person
from contracts.problems import NOT_FOUND, PRECONDITION_FAILED, VALIDATION_FAILED, FieldError
from contracts.tasks import (
    MAX_TAGS,
    Change,
    IfMatch,
    NewTask,
    Permission,
    Priority,
    Status,
    TaskCompleted,
    TaskEvent,
    TaskPatch,
    TaskReopened,
    TaskState,
    TaskUpdated,
)
from contracts.tasks import Task as TaskView

_FOLLOWS_FROM_THE_REST = ("version", "updated_at", "deleted_at", "overdue_at")
_NOT_SHOWN = ("owner_id", "owner_username", "overdue_at")


@dataclass(frozen=True, slots=True)
class Task:
    id: UUID
    owner_id: UUID
    owner_username: str
    title: str
    description: str | None
    status: Status
    completed_at: datetime | None
    priority: Priority
    due_date: date | None
    tags: tuple[str, ...]
    share_count: int
    comment_count: int
    file_count: int
    version: int
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    overdue_at: datetime | None
    """The end of the due date where the owner lives; None when the task cannot become overdue."""

    @classmethod
    def create(cls, task_id: UUID, new: NewTask, *, owner: Person, at: datetime) -> "Task":
        status = _status(new.status, completed=new.completed)
        return cls(
            id=task_id,
            owner_id=owner.id,
            owner_username=owner.username,
            title=new.title,
            description=new.description,
            status=status,
            completed_at=at if status == "completed" else None,
            priority=new.priority,
            due_date=new.due_date,
            tags=new.tags,
            share_count=0,
            comment_count=0,
            file_count=0,
            version=1,
            created_at=at,
            updated_at=at,
            deleted_at=None,
            overdue_at=None,
        )

    @property
    def owner(self) -> Person:
        return Person(id=self.owner_id, username=self.owner_username)

    def apply(self, patch: TaskPatch, *, at: datetime) -> "Task":
        """Itself when the patch changes nothing: then there is no new version either."""
        named = patch.model_fields_set
        values: dict[str, Any] = {name: getattr(patch, name) for name in named - {"status", "completed"}}
        if named & {"status", "completed"}:
            status = _status(
                patch.status if "status" in named else self.status,
                completed=patch.completed if "completed" in named else None,
            )
            values["status"] = status
            if status != "completed":
                values["completed_at"] = None
            elif self.status != "completed":
                values["completed_at"] = at
        changed = replace(self, **values)
        return self if changed == self else changed.next_version(at=at)

    def next_version(self, *, at: datetime, **values: Any) -> "Task":
        return replace(self, version=self.version + 1, updated_at=at, **values)

    def with_tags(self, tags: Iterable[str], *, at: datetime) -> "Task":
        together = tuple(dict.fromkeys((*self.tags, *tags)))
        if len(together) > MAX_TAGS:
            too_many = FieldError(pointer="#/tags", code="too_long", detail=f"a task has at most {MAX_TAGS} tags")
            raise Refusal(VALIDATION_FAILED, too_many.detail, errors=[too_many])
        return self if together == self.tags else self.next_version(at=at, tags=together)

    def without_tag(self, tag: str, *, at: datetime) -> "Task":
        if tag not in self.tags:
            raise Refusal(NOT_FOUND)
        return self.next_version(at=at, tags=tuple(other for other in self.tags if other != tag))

    def changes_since(self, before: "Task") -> dict[str, Change]:
        return {
            field.name: Change(old=getattr(before, field.name), new=getattr(self, field.name))
            for field in fields(self)
            if field.name not in _FOLLOWS_FROM_THE_REST and getattr(before, field.name) != getattr(self, field.name)
        }

    def changed_kind(self, before: "Task") -> type[TaskEvent]:
        """One change is one event: finishing and reopening outweigh whatever else was changed with it."""
        if (before.status == "completed") == (self.status == "completed"):
            return TaskUpdated
        return TaskCompleted if self.status == "completed" else TaskReopened

    def state(self) -> TaskState:
        return TaskState(**self._shown())

    def seen_by(self, permission: Permission, *, at: datetime) -> TaskView:
        overdue = self.overdue_at is not None and self.overdue_at <= at
        return TaskView(**self._shown(), my_permission=permission, overdue=overdue)

    def _shown(self) -> dict[str, Any]:
        shown = {field.name: getattr(self, field.name) for field in fields(self) if field.name not in _NOT_SHOWN}
        return {**shown, "owner": self.owner, "completed": self.status == "completed"}


def require_version(current: int, if_match: IfMatch) -> None:
    if if_match is not None and current not in if_match:
        raise Refusal(PRECONDITION_FAILED, facts={"current_etag": f'"{current}"'})


def _status(status: Status, *, completed: bool | None) -> Status:
    """`completed: false` reopens what was completed and leaves other states alone."""
    if completed is None:
        return status
    if completed:
        return "completed"
    return "pending" if status == "completed" else status
