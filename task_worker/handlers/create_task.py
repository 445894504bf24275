from collections.abc import Sequence

from chassis.subscription import Answer, Delivery, only
from contracts.tasks import CreateTask, TaskCreated
from task_worker.counting import counted
from task_worker.open_task import actor_of
from task_worker.store import counts, tasks
from task_worker.task import Task


async def create_task(command: CreateTask, delivery: Delivery) -> Answer:
    return only(await create_each([command], [delivery]))


async def create_each(commands: Sequence[CreateTask], deliveries: Sequence[Delivery]) -> list[Answer]:
    connection, owners = deliveries[0].connection, [actor_of(delivery) for delivery in deliveries]
    at = await tasks.read_clock(connection)
    created = await tasks.insert(
        connection,
        [
            Task.create(command.task_id, command.task, owner=owner, at=at)
            for command, owner in zip(commands, owners, strict=True)
        ],
    )
    for task, delivery in zip(created, deliveries, strict=True):
        await delivery.gather(counts.add, (task.id, counted(task, ())))
    return [
        Answer(
            task.seen_by("owner", at=at),
            TaskCreated(task=task.state(), changes={}, actor=owner, audience=(owner.id,)),
        )
        for task, owner in zip(created, owners, strict=True)
    ]
