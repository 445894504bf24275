"""Tasks by the page, and what can be counted of them."""

from datetime import date
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from contracts.message import Model, Query
from contracts.tasks import QUERIES, Priority, Status, Tag, Task
from contracts.timestamp import Timestamp

Owner = Literal["me", "shared", "any"]
Sort = Literal[
    "created_at",
    "-created_at",
    "updated_at",
    "-updated_at",
    "due_date",
    "-due_date",
    "title",
    "-title",
    "priority",
    "-priority",
    "status",
    "-status",
]
NEWEST_FIRST: tuple[Sort, ...] = ("-created_at",)
Limit = Annotated[int, Field(ge=1, le=200)]


class TaskPosition(Model):
    """Where a page ended: the sort keys of its last task, as text, and its id."""

    keys: tuple[str, ...]
    id: UUID


class TaskPage(Model):
    next: TaskPosition | None
    total: int | None = None
    items: tuple[Task, ...]


class ListTasks(Query[TaskPage]):
    """A filter that is empty or None lets everything through. `…_from` is included, `…_until` is not."""

    wire_name: ClassVar[str] = "tasks.list_tasks.v1"
    queue: ClassVar[str] = QUERIES

    owner: Owner = "any"
    deleted: bool = False
    """The caller's own deleted tasks instead of the others."""
    status: tuple[Status, ...] = ()
    completed: bool | None = None
    priority: tuple[Priority, ...] = ()
    tags: tuple[Tag, ...] = ()
    """All of them."""
    overdue: bool | None = None
    search: str | None = None
    created_from: Timestamp | None = None
    created_until: Timestamp | None = None
    updated_from: Timestamp | None = None
    due_from: date | None = None
    due_until: date | None = None
    sort: Annotated[tuple[Sort, ...], Field(min_length=1, max_length=3)] = NEWEST_FIRST
    after: TaskPosition | None = None
    limit: Limit = 50
    count: bool = False
    """Whether `total` is wanted."""


class TaskStats(Model):
    """Of the caller's own tasks, but for the last two."""

    total: int
    completed: int
    incomplete: int
    by_status: dict[Status, int]
    by_priority: dict[Priority, int]
    by_tag: dict[str, int]
    """The 100 that are used most."""
    overdue: int
    due_today: int
    tasks_shared: int
    completion_rate: float
    """Between 0 and 1."""
    comments_posted: int
    shared_with_me: int


class GetTaskStats(Query[TaskStats]):
    wire_name: ClassVar[str] = "tasks.get_task_stats.v1"
    queue: ClassVar[str] = QUERIES


class TagCount(Model):
    tag: str
    count: int


class TagPosition(Model):
    tag: str


class TagPage(Model):
    next: TagPosition | None
    items: tuple[TagCount, ...]


class ListTags(Query[TagPage]):
    """The tags of the caller's own tasks, in the order of the alphabet."""

    wire_name: ClassVar[str] = "tasks.list_tags.v1"
    queue: ClassVar[str] = QUERIES

    after: TagPosition | None = None
    limit: Limit = 50
