from dataclasses import replace

from chassis.errors import Refusal
from chassis.subscription import Answer, Delivery
from contracts.problems import NOT_FOUND
from contracts.sharing import ChangeShare, ShareUpdated
from contracts.tasks import Change
from task_worker.open_task import open_task
from task_worker.store import shares


async def change_share(command: ChangeShare, delivery: Delivery) -> Answer:
    opened = await open_task(command, delivery, command.task_id, if_match=command.if_match)
    before = next((share for share in opened.shares if share.is_of(command.username)), None)
    if before is None:
        raise Refusal(NOT_FOUND)
    if before.permission == command.permission:
        return Answer(before.view(opened.task))

    share = replace(before, permission=command.permission)
    task = opened.task.next_version(at=opened.at)
    await shares.save(opened.connection, task, share)
    task = await opened.save(task)
    view = share.view(task)
    changes = {"permission": Change(old=before.permission, new=share.permission)}
    return Answer(view, opened.event(ShareUpdated, task, changes, share=view))
