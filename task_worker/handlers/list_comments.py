from chassis.subscription import Delivery
from contracts.comments import CommentPage, CommentPosition, ListComments
from task_worker.open_task import see_task
from task_worker.store import comments


async def list_comments(query: ListComments, delivery: Delivery) -> CommentPage:
    await see_task(query, delivery, query.task_id)
    found = await comments.list_of_task(delivery.connection, query.task_id, after=query.after, limit=query.limit + 1)
    page = found[: query.limit]
    following = CommentPosition(created_at=page[-1].created_at, id=page[-1].id) if len(found) > query.limit else None
    return CommentPage(items=tuple(page), next=following)
