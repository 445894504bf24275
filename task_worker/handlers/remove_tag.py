from chassis.subscription import Answer, Delivery
from contracts.tasks import RemoveTag, TagsChanged
from task_worker.open_task import open_task


async def remove_tag(command: RemoveTag, delivery: Delivery) -> Answer:
    opened = await open_task(command, delivery, command.task_id, if_match=command.if_match)
    task = await opened.save(opened.task.without_tag(command.tag, at=opened.at))
    return Answer(opened.view(task), opened.event(TagsChanged, task))
