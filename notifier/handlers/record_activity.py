from collections.abc import Sequence

from asyncpg.pool import PoolConnectionProxy

from chassis.cloudevents import CloudEvent, structured
from contracts.feed import FeedEvent
from notifier.activity import activity_of
from notifier.audience import Following
from notifier.store import activity, audiences, feed


async def record_activity(events: Sequence[CloudEvent], connection: PoolConnectionProxy) -> list[FeedEvent]:
    """The events' rows in the activity log, and their places in the feed."""
    entries = [activity_of(event) for event in events]
    first = await feed.take_positions(connection, len(events))
    placed = list(zip(range(first, first + len(events)), entries, events, strict=True))
    await activity.insert_activity(connection, placed)
    before = await audiences.find_task_audiences(connection, {entry.task_id for entry in entries})
    following = Following(before)
    for position, entry, event in placed:
        following.follow(event, position, entry.task_id)
    await audiences.save_task_audiences(connection, before=before, after=following.after)
    await feed.forget_readers(connection, following.lost)
    told = [
        FeedEvent(
            position=position,
            id=event.id,
            type=event.type,
            task_id=entry.task_id,
            readers=tuple(following.readers[position]),
            text=structured(event, position=position),
        )
        for position, entry, event in placed
    ]
    await feed.insert_readers(connection, told)
    return told
