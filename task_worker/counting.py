"""What one task adds to the counts of its people, and what the counts say of a list. No I/O."""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple, get_args
from uuid import UUID

from contracts.task_lists import ListTasks
from contracts.tasks import Status
from task_worker.task import Task


class Count(NamedTuple):
    person_id: UUID
    kind: str
    key: str = ""


def counted(task: Task, recipients: Iterable[UUID]) -> Counter[Count]:
    if task.deleted_at is not None:
        return Counter()
    owner = task.owner_id
    found = Counter({Count(owner, "status", task.status): 1, Count(owner, "priority", task.priority): 1})
    found.update(Count(owner, "tag", tag) for tag in task.tags)
    if task.due_date is not None and task.status != "completed":
        found[Count(owner, "due", task.due_date.isoformat())] += 1
    if task.share_count:
        found[Count(owner, "shared")] += 1
    found.update(Count(recipient, "received") for recipient in recipients)
    return found


def difference(before: Counter[Count], after: Counter[Count]) -> Counter[Count]:
    changed = Counter(after)
    changed.subtract(before)
    return changed


class Kept(NamedTuple):
    """The counts whose sum is the length of a list."""

    kind: str
    keys: list[str]


_NO_FILTERS = {"owner", "deleted", "sort", "after", "limit", "count"}


def _filters(query: ListTasks) -> set[str]:
    return {name for name, value in query if name not in _NO_FILTERS and value is not None and value != ()}


def kept_own(query: ListTasks) -> Kept | None:
    filters = _filters(query)
    if query.deleted:
        return None
    if filters <= {"status", "completed"}:
        statuses = set(query.status or get_args(Status))
        if query.completed is not None:
            statuses &= {"completed"} if query.completed else {"pending", "in_progress"}
        return Kept("status", sorted(statuses))
    if filters == {"priority"}:
        return Kept("priority", sorted(set(query.priority)))
    if filters == {"tags"} and len(set(query.tags)) == 1:
        return Kept("tag", [query.tags[0]])
    return None


def kept_shared(query: ListTasks) -> Kept | None:
    return None if _filters(query) else Kept("received", [""])
