from uuid import UUID

from chassis.errors import Refusal
from chassis.subscription import Answer, Delivery
from contracts.problems import FORBIDDEN, NOT_FOUND, FieldError, ProblemType
from contracts.tasks import TaskBatch, UpdateTasks
from task_worker import permissions
from task_worker.open_task import OpenTask, actor_of, permission_of
from task_worker.store import shares, tasks


async def update_tasks(command: UpdateTasks, delivery: Delivery) -> Answer:
    opened = await _open_all(command, delivery)
    replies, events = {}, []
    for task_id, each in sorted(opened.items()):
        task = each.task.apply(command.patch, at=each.at)
        if task is not each.task:
            task = await each.save(task)
            events.append(each.event(task.changed_kind(each.task), task))
        replies[task_id] = each.view(task)
    return Answer(TaskBatch(items=tuple(replies[task_id] for task_id in command.task_ids)), *events)


async def _open_all(command: UpdateTasks, delivery: Delivery) -> dict[UUID, OpenTask]:
    connection, actor = delivery.connection, actor_of(delivery)
    locked = {task.id: task for task in await tasks.lock_several(connection, command.task_ids)}
    shared = await shares.of_tasks(connection, [task.id for task in locked.values() if task.share_count])
    at = await tasks.read_clock(connection)

    opened: dict[UUID, OpenTask] = {}
    missing: list[int] = []
    forbidden: list[int] = []
    for place, task_id in enumerate(command.task_ids):
        task, its_shares = locked.get(task_id), shared.get(task_id, ())
        permission = permission_of(actor.id, task, its_shares) if task is not None else None
        if task is None or task.deleted_at is not None or permission is None:
            missing.append(place)
        elif not permissions.may(UpdateTasks, permission):
            forbidden.append(place)
        else:
            opened[task_id] = OpenTask(delivery, task, its_shares, permission, actor, at)
    for problem, places in ((NOT_FOUND, missing), (FORBIDDEN, forbidden)):
        if places:
            raise _refuse(problem, places)
    return opened


def _refuse(problem: ProblemType, places: list[int]) -> Refusal:
    errors = [FieldError(pointer=f"#/task_ids/{place}", code=problem.code, detail=problem.title) for place in places]
    return Refusal(problem, "none of the tasks was changed", errors=errors)
