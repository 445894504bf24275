from chassis.subscription import Delivery
from contracts.feed import FeedPage, ReadFeed
from notifier.store import feed


async def read_feed(query: ReadFeed, delivery: Delivery) -> FeedPage:
    events = await feed.list_events(delivery.connection, after=query.after, limit=query.limit + 1)
    page, more = events[: query.limit], len(events) > query.limit
    return FeedPage(items=tuple(page), after=page[-1].position if page else query.after, has_more=more)
