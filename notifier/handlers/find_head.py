from chassis.subscription import Delivery
from contracts.feed import FeedPage, FindHead
from notifier.store import feed


async def find_head(_: FindHead, delivery: Delivery) -> FeedPage:
    state = await feed.find_state(delivery.connection)
    return FeedPage(items=(), after=state.last_position, has_more=False)
