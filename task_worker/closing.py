"""What becomes of the tasks of somebody who has closed his account. A piece at a time, because there may be many."""

from uuid import UUID

from chassis import erasure
from chassis.duties import Done
from chassis.subscription import Delivery
from contracts.sharing import TaskUnshared
from contracts.tasks import Change, TaskDeleted, TaskEvent
from task_worker.open_task import OpenTask
from task_worker.store import people, shares, tasks
from task_worker.task import Task

_BATCH = 100


async def forget_people(delivery: Delivery) -> Done:
    connection = delivery.connection
    person_id = await people.find_closed(connection)
    if person_id is None:
        return Done(0)
    owned = await people.lock_owned(connection, person_id, limit=_BATCH)
    shared = [] if owned else await people.lock_shared(connection, person_id, limit=_BATCH)
    if not owned and not shared:
        await people.forget(connection, person_id)
        await erasure.ask(connection, person_id)
        return Done(1)
    opened = await _open([*owned, *shared], delivery)
    events = [await _delete(each) for each in opened] if owned else [await _leave(each, person_id) for each in opened]
    return Done(len(events), events)


async def _open(found: list[Task], delivery: Delivery) -> list[OpenTask]:
    """Nobody is the actor: the account is gone."""
    connection = delivery.connection
    shared = await shares.of_tasks(connection, [task.id for task in found])
    at = await tasks.read_clock(connection)
    return [OpenTask(delivery, task, shared.get(task.id, ()), "owner", None, at) for task in found]


async def _delete(opened: OpenTask) -> TaskEvent:
    task = await opened.save(opened.task.next_version(at=opened.at, deleted_at=opened.at))
    return opened.event(TaskDeleted, task)


async def _leave(opened: OpenTask, person_id: UUID) -> TaskEvent:
    share = next(share for share in opened.shares if share.user_id == person_id)
    rest = tuple(other for other in opened.shares if other is not share)
    task = opened.task.next_version(at=opened.at, share_count=len(rest))
    await shares.delete(opened.connection, task, share)
    task = await opened.save(task, rest)
    changes = {"permission": Change(old=share.permission, new=None)}
    return opened.event(TaskUnshared, task, changes, share=share.view(task))
