from chassis.errors import Refusal
from chassis.subscription import Answer, Delivery
from contracts.problems import FORBIDDEN, NOT_FOUND, FieldError, ProblemType
from contracts.tasks import TaskBatch, UpdateTasks
from task_worker.open_task import Edit, OpenTask, Wanted, open_each, save_each


async def update_tasks(command: UpdateTasks, delivery: Delivery) -> Answer:
    opened = await _open_all(command, delivery)
    saved = await save_each([Edit(each, each.task.apply(command.patch, at=each.at)) for each in opened])
    changed = [(each, task) for each, task in zip(opened, saved, strict=True) if task is not each.task]
    return Answer(
        TaskBatch(items=tuple(each.view(task) for each, task in zip(opened, saved, strict=True))),
        *(each.event(task.changed_kind(each.task), task) for each, task in changed),
    )


async def _open_all(command: UpdateTasks, delivery: Delivery) -> list[OpenTask]:
    opened = await open_each([Wanted(command, delivery, task_id) for task_id in command.task_ids])
    for problem in (NOT_FOUND, FORBIDDEN):
        refused = [
            place for place, each in enumerate(opened) if isinstance(each, Refusal) and each.problem.type is problem
        ]
        if refused:
            raise _refuse(problem, refused)
    return [each for each in opened if isinstance(each, OpenTask)]


def _refuse(problem: ProblemType, places: list[int]) -> Refusal:
    errors = [FieldError(pointer=f"#/task_ids/{place}", code=problem.code, detail=problem.title) for place in places]
    return Refusal(problem, "none of the tasks was changed", errors=errors)
