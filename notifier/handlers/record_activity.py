from collections.abc import Sequence

from asyncpg.pool import PoolConnectionProxy

from chassis import metrics
from chassis.cloudevents import CloudEvent, structured
from chassis.topology import ACTIVITY
from contracts.feed import FeedEvent
from notifier.activity import activity_of
from notifier.audience import Following
from notifier.store import intake


async def record_activity(events: Sequence[CloudEvent], connection: PoolConnectionProxy) -> list[FeedEvent]:
    """The events' rows in the activity log, and their places in the feed; those that are there already are left out."""
    activities = {event.id: activity_of(event) for event in events}
    task_ids = {each.task_id for each in activities.values()}
    while True:
        known = await intake.look_up(connection, event_ids=list(activities), task_ids=task_ids)
        fresh = list(enumerate((each for each in events if each.id not in known.taken), known.last_position + 1))
        following = Following(known.audiences)
        for position, event in fresh:
            following.follow(event, position, activities[event.id].task_id)
        entries = [
            intake.Entry(
                event,
                activities[event.id],
                FeedEvent(
                    position=position,
                    id=event.id,
                    type=event.type,
                    task_id=activities[event.id].task_id,
                    readers=tuple(following.readers[position]),
                    text=structured(event, position=position),
                ),
            )
            for position, event in fresh
        ]
        if not fresh or await intake.take_in(
            connection, known, entries, audiences=following.after, lost=following.lost
        ):
            metrics.DUPLICATES.labels(ACTIVITY.name).inc(len(events) - len(fresh))
            return [entry.place for entry in entries]
