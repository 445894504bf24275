from chassis.subscription import Answer, Delivery
from contracts.people import Person
from contracts.tasks import CreateTask, TaskCreated
from task_worker import store
from task_worker.task import Task


async def create_task(command: CreateTask, delivery: Delivery) -> Answer:
    actor = Person(id=delivery.actor.id, username=delivery.actor.username)
    at = await store.read_clock(delivery.connection)
    task = Task.create(command.task_id, command.task, owner=actor, at=at)
    await store.insert_task(delivery.connection, task)
    return Answer(
        task.seen_by("owner", today=at.date()),
        TaskCreated(task=task.state(), changes={}, actor=actor, audience=(actor.id,)),
    )
