"""What counts add up to. No I/O."""

from collections.abc import Mapping
from typing import get_args

from contracts.task_lists import TaskStats
from contracts.tasks import Priority, Status

_TAGS = 100


def stats(counts: Mapping[tuple[str, str], int]) -> TaskStats:
    """`counts` by kind and key."""
    by_status: dict[Status, int] = {status: counts.get(("status", status), 0) for status in get_args(Status)}
    by_priority: dict[Priority, int] = {
        priority: counts.get(("priority", priority), 0) for priority in get_args(Priority)
    }
    tags = [(tag, n) for (kind, tag), n in counts.items() if kind == "tag" and n]
    total, completed = sum(by_status.values()), by_status["completed"]
    return TaskStats(
        total=total,
        completed=completed,
        incomplete=total - completed,
        by_status=by_status,
        by_priority=by_priority,
        by_tag=dict(sorted(tags, key=lambda each: (-each[1], each[0]))[:_TAGS]),
        overdue=counts.get(("due", "overdue"), 0),
        due_today=counts.get(("due", "today"), 0),
        tasks_shared=counts.get(("shared", ""), 0),
        completion_rate=round(completed / total, 4) if total else 0.0,
        comments_posted=counts.get(("commented", ""), 0),
        shared_with_me=counts.get(("received", ""), 0),
    )
