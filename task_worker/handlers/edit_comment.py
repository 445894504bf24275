from chassis.subscription import Answer, Delivery
from contracts.comments import CommentEdited, EditComment
from contracts.tasks import Change
from task_worker.open_comment import open_comment
from task_worker.store import comments
from task_worker.task import require_version


async def edit_comment(command: EditComment, delivery: Delivery) -> Answer:
    opened, before = await open_comment(command, delivery)
    require_version(before.version, command.if_match)
    if command.content == before.content:
        return Answer(before)

    comment = before.model_copy(
        update={
            "content": command.content,
            "edited": True,
            "version": before.version + 1,
            "updated_at": opened.at,
        }
    )
    await comments.save(opened.connection, comment)
    task = await opened.save(opened.task.next_version(at=opened.at))
    changes = {"content": Change(old=before.content, new=comment.content)}
    return Answer(comment, opened.event(CommentEdited, task, changes, comment=comment))
