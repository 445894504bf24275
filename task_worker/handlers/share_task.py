from chassis.errors import Refusal
from chassis.subscription import Answer, Delivery
from contracts.problems import ALREADY_SHARED, VALIDATION_FAILED, FieldError
from contracts.sharing import ShareTask, TaskShared
from contracts.tasks import Change
from task_worker.open_task import open_task
from task_worker.share import Share
from task_worker.store import shares


async def share_task(command: ShareTask, delivery: Delivery) -> Answer:
    opened = await open_task(command, delivery, command.task_id, if_match=command.if_match)
    if command.user.id == opened.task.owner_id:
        error = FieldError(pointer="#/shared_with_username", code="self", detail="is the owner of the task")
        raise Refusal(VALIDATION_FAILED, "a task is not shared with its owner", errors=[error])
    if any(share.user_id == command.user.id for share in opened.shares):
        raise Refusal(ALREADY_SHARED)

    share = Share(command.user.id, command.user.username, command.permission, opened.at)
    together = (*opened.shares, share)
    task = opened.task.next_version(at=opened.at, share_count=len(together))
    await shares.insert(opened.connection, task, share)
    task = await opened.save(task, together)
    view = share.view(task)
    changes = {"permission": Change(old=None, new=share.permission)}
    return Answer(view, opened.event(TaskShared, task, changes, also=(share.user_id,), share=view))
