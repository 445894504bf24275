from chassis.subscription import Answer, Delivery
from contracts.tasks import DeleteTask, TaskDeleted
from task_worker.open_task import open_task


async def delete_task(command: DeleteTask, delivery: Delivery) -> Answer:
    opened = await open_task(command, delivery, command.task_id, if_match=command.if_match)
    task = await opened.save(opened.task.next_version(at=opened.at, deleted_at=opened.at))
    return Answer(None, opened.event(TaskDeleted, task))
