from collections import Counter

from chassis.subscription import Answer, Delivery
from contracts.comments import CommentDeleted, DeleteComment
from contracts.tasks import Change
from task_worker.counting import Count
from task_worker.open_comment import open_comment
from task_worker.store import comments
from task_worker.task import require_version


async def delete_comment(command: DeleteComment, delivery: Delivery) -> Answer:
    opened, comment = await open_comment(command, delivery)
    require_version(comment.version, command.if_match)

    await comments.delete(opened.connection, comment.id)
    task = opened.task.next_version(at=opened.at, comment_count=opened.task.comment_count - 1)
    task = await opened.save(task, also=Counter({Count(comment.author.id, "commented"): -1}))
    changes = {"content": Change(old=comment.content, new=None)}
    return Answer(None, opened.event(CommentDeleted, task, changes, comment=comment))
