from auth_worker.store import sessions
from chassis.subscription import Delivery
from contracts.sessions import ListRevocations, RevocationPage


async def list_revocations(query: ListRevocations, delivery: Delivery) -> RevocationPage:
    return RevocationPage(
        items=tuple(
            await sessions.list_revocations(
                delivery.connection, since=query.since, after=query.after, limit=query.limit
            )
        )
    )
