from chassis.subscription import Answer, Delivery
from contracts.tasks import RestoreTask, TaskRestored
from task_worker.open_task import open_task


async def restore_task(command: RestoreTask, delivery: Delivery) -> Answer:
    """A task that is not deleted stays as it is."""
    opened = await open_task(command, delivery, command.task_id, if_match=command.if_match, deleted=True)
    if opened.task.deleted_at is None:
        return Answer(opened.view(opened.task))
    task = await opened.save(opened.task.next_version(at=opened.at, deleted_at=None))
    return Answer(opened.view(task), opened.event(TaskRestored, task))
