from chassis.subscription import Answer, Delivery
from contracts.tasks import UpdateTask
from task_worker.open_task import open_task


async def update_task(command: UpdateTask, delivery: Delivery) -> Answer:
    opened = await open_task(command, delivery, command.task_id, if_match=command.if_match)
    task = opened.task.apply(command.patch, at=opened.at)
    if task is opened.task:
        return Answer(opened.view(task))
    task = await opened.save(task)
    return Answer(opened.view(task), opened.event(task.changed_kind(opened.task), task))
