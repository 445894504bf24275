"""The way into a task: locked, with what the caller may do to it decided by the permission matrix."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
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
        before = counted(self.task, (share.user_id for share in self.shares))
        after = counted(task, (share.user_id for share in (self.shares if shares is None else shares)))
        saved = await tasks.save(self.connection, task)
        changed = difference(before, after)
        changed.update(also or {})
        await self.delivery.gather(counts.add, (task.id, changed))
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


async def open_task(
    message: Message,
    delivery: Delivery,
    task_id: UUID,
    *,
    if_match: IfMatch = None,
    own: bool = False,
    deleted: bool = False,
) -> OpenTask:
    """`own`: the message is about what the caller wrote or was given himself. `deleted` finds deleted ones, too."""
    connection, actor = delivery.connection, actor_of(delivery)
    task = await tasks.lock(connection, task_id)
    if task is None or (task.deleted_at is not None and not deleted):
        raise Refusal(NOT_FOUND)
    # Only now: what was decided about sharing before the lock was ours counts.
    shared = (await shares.of_tasks(connection, [task.id])).get(task.id, ()) if task.share_count else ()
    permission = permissions.require(message, permission_of(actor.id, task, shared), own=own)
    require_version(task.version, if_match)
    return OpenTask(delivery, task, shared, permission, actor, at=await tasks.read_clock(connection))
