from chassis.errors import Refusal
from chassis.subscription import Answer, Delivery
from contracts.people import Person
from contracts.problems import NOT_FOUND
from contracts.tasks import UpdateTask
from task_worker import store


async def update_task(command: UpdateTask, delivery: Delivery) -> Answer:
    actor = Person(id=delivery.actor.id, username=delivery.actor.username)
    before = await store.lock_task(delivery.connection, command.task_id, owner_id=actor.id)
    if before is None:
        raise Refusal(NOT_FOUND)
    before.require_version(command.if_match)

    at = await store.read_clock(delivery.connection)
    task = before.apply(command.patch, at=at)
    if task is before:
        return Answer(task.seen_by("owner", today=at.date()))
    await store.save_task(delivery.connection, task)
    return Answer(task.seen_by("owner", today=at.date()), task.changed_event(before, actor=actor))
