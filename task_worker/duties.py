"""What task_worker does without being asked, one replica at a time."""

from collections import Counter
from datetime import timedelta

from chassis.duties import Done, Duty
from chassis.subscription import Delivery
from contracts.files import EraseFile
from contracts.tasks import TaskDueSoon, TaskEvent, TaskOverdue
from task_worker.closing import forget_people
from task_worker.store import clock, counts, files, shares, tasks

_BATCH = 100
_KEPT = timedelta(days=30)
_LONGEST_UPLOAD = timedelta(hours=1)


async def tell_due(delivery: Delivery) -> Done:
    """Of a task that is overdue already, only that: it is no longer due soon."""
    connection = delivery.connection
    due = await clock.lock_due(connection, limit=_BATCH)
    shared = await shares.of_tasks(connection, [task.id for task in due if task.share_count])
    at = await tasks.read_clock(connection)
    events = []
    for before in due:
        overdue = before.overdue_at is not None and before.overdue_at <= at
        kind: type[TaskEvent] = TaskOverdue if overdue else TaskDueSoon
        task = before.next_version(at=at)
        await clock.save_told(connection, task, overdue=overdue)
        audience = (task.owner_id, *(share.user_id for share in shared.get(task.id, ())))
        events.append(kind(task=task.state(), changes={}, actor=None, audience=audience))
    return Done(len(due), events)


async def purge_deleted(delivery: Delivery) -> Done:
    connection = delivery.connection
    gone = await clock.lock_purgeable(connection, older_than=_KEPT, limit=_BATCH)
    if not gone:
        await clock.forget_zero_counts(connection, limit=10_000)
        return Done(0)
    erased = await files.delete_of_tasks(connection, gone)
    comments = await clock.count_comments(connection, gone)
    await counts.add(connection, [(gone[0], Counter({count: -n for count, n in comments.items()}))])
    await clock.purge(connection, gone)
    return Done(len(gone), [EraseFile(file_id=file_id) for file_id in erased])


async def reap_uploads(delivery: Delivery) -> Done:
    """An upload that never ended, because its gateway died or its client went away."""
    forgotten = await files.forget_uploads(delivery.connection, older_than=_LONGEST_UPLOAD, limit=_BATCH)
    return Done(len(forgotten), [EraseFile(file_id=file_id) for file_id in forgotten])


DUTIES = (
    Duty("tell_due", 1.0, tell_due),
    Duty("reap_uploads", 60.0, reap_uploads),
    Duty("purge_deleted", 600.0, purge_deleted),
    Duty("forget_people", 60.0, forget_people),
)
