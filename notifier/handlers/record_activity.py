from uuid import UUID

from chassis.cloudevents import CloudEvent
from chassis.subscription import Delivery, Tells
from notifier.activity import activity_of
from notifier.audience import Audience, audience_of, task_version
from notifier.store import activity, audiences, feed


async def record_activity(event: CloudEvent, delivery: Delivery) -> Tells:
    """The event's row in the activity log, and its place in the feed."""
    connection, entry = delivery.connection, activity_of(event)
    position = await feed.take_position(connection)
    await activity.insert_activity(connection, entry, event, position=position)
    audience = audience_of(event) if entry.task_id is None else await _follow(event, delivery, entry.task_id)
    await feed.insert_readers(connection, audience.readers, position=position, task_id=entry.task_id)
    return ()


async def _follow(event: CloudEvent, delivery: Delivery, task_id: UUID) -> Audience:
    """Who may see the task from now on; an event that is late changes nothing."""
    connection, version = delivery.connection, task_version(event) or 0
    known = await audiences.find_task_version(connection, task_id)
    before = await audiences.list_task_readers(connection, task_id)
    if known is not None and version < known:
        late = audience_of(event)
        return Audience(readers=late.readers & before, remaining=before)
    audience = audience_of(event, before)
    await audiences.save_task_audience(
        connection,
        task_id,
        version=version,
        deleted_at=event.time if event.type.startswith("tasks.task_deleted.") else None,
        joined=audience.remaining - before,
        left=before - audience.remaining,
    )
    return audience
