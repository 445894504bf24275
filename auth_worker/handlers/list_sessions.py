from uuid import UUID

from auth_worker.store import sessions
from chassis.subscription import Delivery
from contracts.sessions import ListSessions, SessionList


async def list_sessions(_: ListSessions, delivery: Delivery) -> SessionList:
    current = delivery.actor.session_id or UUID(int=0)
    return SessionList(
        items=tuple(await sessions.list_sessions(delivery.connection, delivery.actor_id, current=current))
    )
