"""What one task adds to the counts of its people. No I/O."""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

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
