"""What a task may become. No I/O."""

from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from chassis.errors import Refusal
from contracts.people import Person
from contracts.problems import PRECONDITION_FAILED
from contracts.tasks import (
    Change,
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
        )

    def require_version(self, if_match: tuple[int, ...] | None) -> None:
        if if_match is not None and self.version not in if_match:
            raise Refusal(PRECONDITION_FAILED, facts={"current_etag": f'"{self.version}"'})

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
        return self if changed == self else replace(changed, version=self.version + 1, updated_at=at)

    def changes_since(self, before: "Task") -> dict[str, Change]:
        return {
            field.name: Change(old=getattr(before, field.name), new=getattr(self, field.name))
            for field in fields(self)
            if field.name not in ("version", "updated_at") and getattr(before, field.name) != getattr(self, field.name)
        }

    def changed_event(self, before: "Task", *, actor: Person) -> TaskEvent:
        """One change is one event: finishing and reopening outweigh whatever else was changed with it."""
        kind: type[TaskEvent] = TaskUpdated
        if (before.status == "completed") != (self.status == "completed"):
            kind = TaskCompleted if self.status == "completed" else TaskReopened
        return kind(task=self.state(), changes=self.changes_since(before), actor=actor, audience=(self.owner_id,))

    def state(self) -> TaskState:
        return TaskState(**self._shown())

    def seen_by(self, permission: Permission, *, today: date) -> TaskView:
        overdue = self.due_date is not None and self.due_date < today and self.status != "completed"
        return TaskView(**self._shown(), my_permission=permission, overdue=overdue)

    def _shown(self) -> dict[str, Any]:
        shown = {field.name: getattr(self, field.name) for field in fields(self)}
        owner = Person(id=shown.pop("owner_id"), username=shown.pop("owner_username"))
        return {**shown, "owner": owner, "completed": self.status == "completed"}


def _status(status: Status, *, completed: bool | None) -> Status:
    """`completed: false` reopens what was completed and leaves other states alone."""
    if completed is None:
        return status
    if completed:
        return "completed"
    return "pending" if status == "completed" else status
