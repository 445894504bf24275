from chassis.errors import Refusal
from chassis.subscription import Delivery
from contracts.comments import Comment, GetComment
from contracts.problems import NOT_FOUND
from task_worker.open_task import see_task
from task_worker.store import comments


async def get_comment(query: GetComment, delivery: Delivery) -> Comment:
    comment = await comments.find(delivery.connection, query.comment_id)
    if comment is None:
        raise Refusal(NOT_FOUND)
    await see_task(query, delivery, comment.task_id)
    return comment
