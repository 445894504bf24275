from auth_worker.store import accounts
from chassis.subscription import Delivery
from contracts.profile import SearchUsers, UserPage


async def search_users(query: SearchUsers, delivery: Delivery) -> UserPage:
    found = await accounts.search_accounts(
        delivery.connection,
        prefix=query.prefix,
        but=delivery.actor_id,
        after=query.after.username if query.after else None,
        limit=query.limit + 1,
    )
    page = tuple(found[: query.limit])
    return UserPage(items=page, next=page[-1] if len(found) > query.limit else None)
