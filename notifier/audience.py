"""Who may see an event, and who may see its task from then on. No I/O."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.cloudevents import CloudEvent

_TASK_DELETED = "tasks.task_deleted."
_TASK_UNSHARED = "tasks.task_unshared."


@dataclass(frozen=True, slots=True)
class Audience:
    readers: frozenset[UUID]
    """Of the event: whoever loses the task by it learns that, and nothing later."""
    remaining: frozenset[UUID]
    """May see the task from now on."""


@dataclass(frozen=True, slots=True)
class TaskAudience:
    """Who may see a task, as of its version."""

    version: int
    deleted_at: datetime | None
    readers: frozenset[UUID]


def audience_of(event: CloudEvent, before: Iterable[UUID] = ()) -> Audience:
    """`before` could see the task until now."""
    named = frozenset(UUID(user) for user in event.data.get("audience") or ())
    return Audience(readers=named | frozenset(before), remaining=named - _leaving(event, named))


def follow(event: CloudEvent, before: TaskAudience | None) -> tuple[frozenset[UUID], TaskAudience]:
    """Who may see an event about a task, and who the task after it; an event that is late changes nothing."""
    version = int(event.data["task"]["version"])
    if before is not None and version < before.version:
        return audience_of(event).readers & before.readers, before
    audience = audience_of(event, before.readers if before else ())
    deleted_at = event.time if event.type.startswith(_TASK_DELETED) else None
    return audience.readers, TaskAudience(version, deleted_at, audience.remaining)


def _leaving(event: CloudEvent, named: frozenset[UUID]) -> frozenset[UUID]:
    if event.type.startswith(_TASK_DELETED):
        return named - {UUID(event.data["task"]["owner"]["id"])}
    if event.type.startswith(_TASK_UNSHARED):
        return frozenset({UUID(event.data["share"]["user"]["id"])})
    return frozenset()


class Following:
    """The audiences of tasks from one event to the next. Who loses a task loses its earlier events too."""

    def __init__(self, before: Mapping[UUID, TaskAudience]) -> None:
        self.after = dict(before)
        self.readers: dict[int, frozenset[UUID]] = {}
        """Of the event at each position."""
        self.lost: set[tuple[UUID, UUID]] = set()
        """Who lost which task."""
        self._positions: defaultdict[UUID, list[int]] = defaultdict(list)

    def follow(self, event: CloudEvent, position: int, task_id: UUID | None) -> None:
        if task_id is None:
            self.readers[position] = audience_of(event).readers
            return
        before = self.after.get(task_id)
        self.readers[position], self.after[task_id] = follow(event, before)
        left = before.readers - self.after[task_id].readers if before else frozenset()
        self.lost |= {(user, task_id) for user in left}
        for earlier in self._positions[task_id]:
            self.readers[earlier] -= left
        self._positions[task_id].append(position)
