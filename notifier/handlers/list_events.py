from chassis.errors import Refusal
from chassis.subscription import Delivery
from contracts.feed import FeedPage, ListEvents
from contracts.problems import CURSOR_EXPIRED, INVALID_CURSOR
from notifier.store import feed


async def list_events(query: ListEvents, delivery: Delivery) -> FeedPage:
    state = await feed.find_state(delivery.connection)
    after = state.expired_through if query.after is None else query.after
    if after < state.expired_through:
        detail = f"the oldest event that is kept follows {state.expired_through}"
        raise Refusal(CURSOR_EXPIRED, detail, facts={"snapshot": "/v1/tasks"})
    if after > state.last_position:
        raise Refusal(INVALID_CURSOR, "the feed does not go that far")
    events = await feed.list_events_for(
        delivery.connection,
        delivery.actor_id,
        after=after,
        types=[_like(pattern) for pattern in query.types],
        task_id=query.task_id,
        limit=query.limit + 1,
    )
    page, more = events[: query.limit], len(events) > query.limit
    last = page[-1].position if page else after
    # Without more, everything up to the head was looked at.
    return FeedPage(items=tuple(page), after=last if more else max(last, state.last_position), has_more=more)


def _like(pattern: str) -> str:
    return pattern.replace("_", r"\_").replace("*", "%")
