from chassis.subscription import Answer, Delivery
from contracts.tasks import AddTags, TagsChanged
from task_worker.open_task import open_task


async def add_tags(command: AddTags, delivery: Delivery) -> Answer:
    opened = await open_task(command, delivery, command.task_id, if_match=command.if_match)
    task = opened.task.with_tags(command.tags, at=opened.at)
    if task is opened.task:
        return Answer(opened.view(task))
    task = await opened.save(task)
    return Answer(opened.view(task), opened.event(TagsChanged, task))
