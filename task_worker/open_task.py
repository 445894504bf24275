"""The way into a task: locked, with what the caller may do to it decided by the permission matrix."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from asyncpg.pool import PoolConnectionProxy

from chassis.errors import Refusal
from chassis.subscription import Delivery
from contracts.message import Message
from contracts.people import Person
from contracts.problems import NOT_FOUND
from contracts.tasks import Change, IfMatch, Permission, TaskEvent
from contracts.tasks import Task as TaskView
from task_worker import permissions
from task_worker.counting import Count, counted, difference
from task_worker.share import Share
from task_worker.store import counts, shares, tasks
from task_worker.task import Task, require_version


@dataclass(frozen=True, slots=True)
class OpenTask:
    """Nobody else changes it, or who may see it, before the transaction ends."""

    delivery: Delivery
    task: Task
    shares: tuple[Share, ...]
    permission: Permission
    actor: Person | None
    at: datetime

    @property
    def connection(self) -> PoolConnectionProxy:
        return self.delivery.connection

    async def save(
        self, task: Task, shares: tuple[Share, ...] | None = None, *, also: Counter[Count] | None = None
    ) -> Task:
        """With every count that follows from it, and those that are changed `also`. `shares` where they have changed."""
        [saved] = await save_each([Edit(self, task, shares, also or Counter())])
        return saved

    def event(
        self,
        kind: type[TaskEvent],
        task: Task,
        changes: Mapping[str, Change] | None = None,
        also: tuple[UUID, ...] = (),
        **members: Any,
    ) -> TaskEvent:
        """For everybody who may see the task, and `also`."""
        audience = dict.fromkeys((task.owner_id, *(share.user_id for share in self.shares), *also))
        return kind(
            task=task.state(),
            changes=dict(task.changes_since(self.task) if changes is None else changes),
            actor=self.actor,
            audience=tuple(audience),
            **members,
        )

    def view(self, task: Task) -> TaskView:
        return task.seen_by(self.permission, at=self.at)


@dataclass(frozen=True, slots=True)
class Edit:
    opened: OpenTask
    task: Task
    shares: tuple[Share, ...] | None = None
    """Where they have changed."""
    also: Counter[Count] = field(default_factory=Counter)

    def counts(self) -> Counter[Count]:
        shared = self.opened.shares
        before = counted(self.opened.task, (share.user_id for share in shared))
        after = counted(self.task, (share.user_id for share in (shared if self.shares is None else self.shares)))
        changed = difference(before, after)
        changed.update(self.also)
        return changed


async def save_each(edits: Sequence[Edit]) -> list[Task]:
    """With every count that follows from them. What is as it was is not written."""
    changed = [edit for edit in edits if edit.task is not edit.opened.task]
    saved: dict[UUID, Task] = {}
    if changed:
        tasks_then = await tasks.save(changed[0].opened.connection, [edit.task for edit in changed])
        saved = {task.id: task for task in tasks_then}
    for edit in changed:
        await edit.opened.delivery.gather(counts.add, (edit.task.id, edit.counts()))
    return [saved.get(edit.task.id, edit.task) for edit in edits]


def actor_of(delivery: Delivery) -> Person:
    return Person(id=delivery.actor.id, username=delivery.actor.username)


def permission_of(person_id: UUID, task: Task, shared: tuple[Share, ...]) -> Permission | None:
    """A deleted task is its owner's alone."""
    if task.owner_id == person_id:
        return "owner"
    if task.deleted_at is not None:
        return None
    return next((share.permission for share in shared if share.user_id == person_id), None)


async def see_task(message: Message, delivery: Delivery, task_id: UUID) -> tuple[Task, Permission]:
    """Without a lock."""
    found = await tasks.find(delivery.connection, task_id, viewer=delivery.actor_id)
    if found is None:
        raise Refusal(NOT_FOUND)
    task, permission = found
    if task.deleted_at is not None:
        raise Refusal(NOT_FOUND)
    return task, permissions.require(message, permission)


@dataclass(frozen=True, slots=True)
class Wanted:
    message: Message
    delivery: Delivery
    task_id: UUID
    if_match: IfMatch = None
    own: bool = False
    """The message is about what the caller wrote or was given himself."""
    deleted: bool = False
    """Deleted ones will do, too."""


async def open_task(
    message: Message,
    delivery: Delivery,
    task_id: UUID,
    *,
    if_match: IfMatch = None,
    own: bool = False,
    deleted: bool = False,
) -> OpenTask:
    [opened] = await open_each([Wanted(message, delivery, task_id, if_match, own, deleted)])
    if isinstance(opened, Refusal):
        raise opened
    return opened


async def open_each(wanted: Sequence[Wanted]) -> list[OpenTask | Refusal]:
    connection = wanted[0].delivery.connection
    locked = {task.id: task for task in await tasks.lock(connection, [each.task_id for each in wanted])}
    shared_ids = [task.id for task in locked.values() if task.share_count]
    # Only now: what was decided about sharing before the locks were ours counts.
    shared = await shares.of_tasks(connection, shared_ids) if shared_ids else {}
    at = await tasks.read_clock(connection)
    return [_enter(each, locked.get(each.task_id), shared.get(each.task_id, ()), at) for each in wanted]


def _enter(wanted: Wanted, task: Task | None, shared: tuple[Share, ...], at: datetime) -> OpenTask | Refusal:
    if task is None or (task.deleted_at is not None and not wanted.deleted):
        return Refusal(NOT_FOUND)
    actor = actor_of(wanted.delivery)
    try:
        permission = permissions.require(wanted.message, permission_of(actor.id, task, shared), own=wanted.own)
        require_version(task.version, wanted.if_match)
    except Refusal as refusal:
        return refusal
    return OpenTask(wanted.delivery, task, shared, permission, actor, at)
