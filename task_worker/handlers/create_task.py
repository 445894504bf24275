from chassis.subscription import Answer, Delivery
from contracts.tasks import CreateTask, TaskCreated
from task_worker.counting import counted
from task_worker.open_task import actor_of
from task_worker.store import counts, tasks
from task_worker.task import Task


async def create_task(command: CreateTask, delivery: Delivery) -> Answer:
    actor, connection = actor_of(delivery), delivery.connection
    at = await tasks.read_clock(connection)
    task = await tasks.insert(connection, Task.create(command.task_id, command.task, owner=actor, at=at))
    await counts.add(connection, task.id, counted(task, ()))
    return Answer(
        task.seen_by("owner", at=at),
        TaskCreated(task=task.state(), changes={}, actor=actor, audience=(actor.id,)),
    )
