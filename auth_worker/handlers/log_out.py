from auth_worker.store import sessions
from chassis.errors import Refusal
from chassis.subscription import Answer, Delivery
from contracts.people import Person
from contracts.problems import INVALID_TOKEN
from contracts.sessions import LoggedOut, LogOut


async def log_out(_: LogOut, delivery: Delivery) -> Answer:
    actor = delivery.actor
    if actor.session_id is None:
        raise Refusal(INVALID_TOKEN)
    user = Person(id=actor.id, username=actor.username)
    ended = await sessions.end_session(delivery.connection, actor.session_id, account_id=actor.id, reason="logged_out")
    if ended is None:
        return Answer(None)
    return Answer(
        None,
        LoggedOut(user=user, session_id=ended.id, version=ended.version, changes={}, actor=user, audience=(user.id,)),
    )
