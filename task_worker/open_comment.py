from chassis.errors import Refusal
from chassis.subscription import Delivery
from contracts.comments import Comment, DeleteComment, EditComment
from contracts.problems import NOT_FOUND
from task_worker.open_task import OpenTask, open_task
from task_worker.store import comments


async def open_comment(message: EditComment | DeleteComment, delivery: Delivery) -> tuple[OpenTask, Comment]:
    """Its task is locked, and with it everything that hangs on the task."""
    named = await comments.find(delivery.connection, message.comment_id)
    if named is None:
        raise Refusal(NOT_FOUND)
    opened = await open_task(message, delivery, named.task_id, own=named.author.id == delivery.actor_id)
    comment = await comments.find(opened.connection, message.comment_id)
    if comment is None:
        raise Refusal(NOT_FOUND)
    return opened, comment
