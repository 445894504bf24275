from collections.abc import Sequence

from chassis.errors import Refusal
from chassis.subscription import Answer, Delivery, only
from contracts.tasks import UpdateTask
from task_worker.open_task import Edit, OpenTask, Wanted, open_each, save_each
from task_worker.task import Task


async def update_task(command: UpdateTask, delivery: Delivery) -> Answer:
    return only(await update_each([command], [delivery]))


async def update_each(commands: Sequence[UpdateTask], deliveries: Sequence[Delivery]) -> list[Answer | Refusal]:
    opened = await open_each(
        [
            Wanted(command, delivery, command.task_id, command.if_match)
            for command, delivery in zip(commands, deliveries, strict=True)
        ]
    )
    edits = [
        each if isinstance(each, Refusal) else Edit(each, each.task.apply(command.patch, at=each.at))
        for command, each in zip(commands, opened, strict=True)
    ]
    saved = iter(await save_each([edit for edit in edits if isinstance(edit, Edit)]))
    return [edit if isinstance(edit, Refusal) else _answer(edit.opened, next(saved)) for edit in edits]


def _answer(opened: OpenTask, task: Task) -> Answer:
    if task is opened.task:
        return Answer(opened.view(task))
    return Answer(opened.view(task), opened.event(task.changed_kind(opened.task), task))
