"""Who may see an event, and who may see its task from then on. No I/O."""

from collections.abc import Iterable
from dataclasses import dataclass
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


def task_version(event: CloudEvent) -> int | None:
    """None where the event is about no task."""
    task = event.data.get("task")
    return int(task["version"]) if task else None


def audience_of(event: CloudEvent, before: Iterable[UUID] = ()) -> Audience:
    """`before` could see the task until now."""
    named = frozenset(UUID(user) for user in event.data.get("audience") or ())
    return Audience(readers=named | frozenset(before), remaining=named - _leaving(event, named))


def _leaving(event: CloudEvent, named: frozenset[UUID]) -> frozenset[UUID]:
    if event.type.startswith(_TASK_DELETED):
        return named - {UUID(event.data["task"]["owner"]["id"])}
    if event.type.startswith(_TASK_UNSHARED):
        return frozenset({UUID(event.data["share"]["user"]["id"])})
    return frozenset()
