from dataclasses import replace

from chassis.errors import Refusal
from chassis.subscription import Answer, Delivery
from contracts.people import Person
from contracts.problems import NOT_FOUND
from contracts.tasks import DeleteTask, TaskDeleted
from task_worker import store


async def delete_task(command: DeleteTask, delivery: Delivery) -> Answer:
    actor = Person(id=delivery.actor.id, username=delivery.actor.username)
    before = await store.lock_task(delivery.connection, command.task_id, owner_id=actor.id)
    if before is None:
        raise Refusal(NOT_FOUND)
    before.require_version(command.if_match)

    at = await store.read_clock(delivery.connection)
    task = replace(before, version=before.version + 1, updated_at=at)
    await store.delete_task(delivery.connection, task)
    return Answer(None, TaskDeleted(task=task.state(), changes={}, actor=actor, audience=(actor.id,)))
