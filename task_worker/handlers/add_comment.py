from collections import Counter
from collections.abc import Sequence

from chassis.errors import Refusal
from chassis.subscription import Answer, Delivery, only
from contracts.comments import AddComment, Comment, CommentAdded
from contracts.tasks import Change
from task_worker.counting import Count
from task_worker.open_task import Edit, OpenTask, Wanted, actor_of, open_each, save_each
from task_worker.store import comments
from task_worker.task import Task


async def add_comment(command: AddComment, delivery: Delivery) -> Answer:
    return only(await add_each([command], [delivery]))


async def add_each(commands: Sequence[AddComment], deliveries: Sequence[Delivery]) -> list[Answer | Refusal]:
    opened = await open_each(
        [Wanted(command, delivery, command.task_id) for command, delivery in zip(commands, deliveries, strict=True)]
    )
    added = [
        each if isinstance(each, Refusal) else (each, _comment(command, each))
        for command, each in zip(commands, opened, strict=True)
    ]
    new = [each for each in added if not isinstance(each, Refusal)]
    if new:
        await comments.insert(deliveries[0].connection, [comment for _, comment in new])
    saved = iter(await save_each([_edit(each) for each, _ in new]))
    return [each if isinstance(each, Refusal) else _answer(*each, next(saved)) for each in added]


def _comment(command: AddComment, opened: OpenTask) -> Comment:
    return Comment(
        id=command.comment_id,
        task_id=opened.task.id,
        author=actor_of(opened.delivery),
        content=command.content,
        edited=False,
        version=1,
        created_at=opened.at,
        updated_at=opened.at,
    )


def _edit(opened: OpenTask) -> Edit:
    task = opened.task.next_version(at=opened.at, comment_count=opened.task.comment_count + 1)
    return Edit(opened, task, also=Counter({Count(opened.delivery.actor_id, "commented"): 1}))


def _answer(opened: OpenTask, comment: Comment, task: Task) -> Answer:
    changes = {"content": Change(old=None, new=comment.content)}
    return Answer(comment, opened.event(CommentAdded, task, changes, comment=comment))
