from chassis.errors import Refusal
from chassis.subscription import Answer, Delivery
from contracts.problems import NOT_FOUND
from contracts.sharing import TaskUnshared, Unshare
from contracts.tasks import Change
from task_worker.open_task import open_task
from task_worker.store import shares


async def unshare(command: Unshare, delivery: Delivery) -> Answer:
    """The owner revokes any share, and everybody may leave."""
    leaves = command.username.lower() == delivery.actor.username.lower()
    opened = await open_task(command, delivery, command.task_id, if_match=command.if_match, own=leaves)
    share = next((share for share in opened.shares if share.is_of(command.username)), None)
    if share is None:
        raise Refusal(NOT_FOUND)

    rest = tuple(other for other in opened.shares if other is not share)
    task = opened.task.next_version(at=opened.at, share_count=len(rest))
    await shares.delete(opened.connection, task, share)
    task = await opened.save(task, rest)
    changes = {"permission": Change(old=share.permission, new=None)}
    return Answer(None, opened.event(TaskUnshared, task, changes, share=share.view(task)))
