from collections import Counter

from chassis.subscription import Answer, Delivery
from contracts.comments import AddComment, Comment, CommentAdded
from contracts.tasks import Change
from task_worker.counting import Count
from task_worker.open_task import actor_of, open_task
from task_worker.store import comments


async def add_comment(command: AddComment, delivery: Delivery) -> Answer:
    opened = await open_task(command, delivery, command.task_id)
    comment = Comment(
        id=command.comment_id,
        task_id=opened.task.id,
        author=actor_of(delivery),
        content=command.content,
        edited=False,
        version=1,
        created_at=opened.at,
        updated_at=opened.at,
    )
    task = opened.task.next_version(at=opened.at, comment_count=opened.task.comment_count + 1)
    await comments.insert(opened.connection, comment)
    task = await opened.save(task, also=Counter({Count(delivery.actor_id, "commented"): 1}))
    changes = {"content": Change(old=None, new=comment.content)}
    return Answer(comment, opened.event(CommentAdded, task, changes, comment=comment))
