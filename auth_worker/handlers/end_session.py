from auth_worker.store import sessions
from chassis.errors import Refusal
from chassis.subscription import Answer, Delivery
from contracts.people import Person
from contracts.problems import NOT_FOUND
from contracts.sessions import EndSession, SessionRevoked


async def end_session(command: EndSession, delivery: Delivery) -> Answer:
    user = Person(id=delivery.actor_id, username=delivery.actor.username)
    ended = await sessions.end_session(delivery.connection, command.session_id, account_id=user.id, reason="ended")
    if ended is None:
        raise Refusal(NOT_FOUND)
    return Answer(
        None,
        SessionRevoked(
            user=user,
            session_id=ended.id,
            version=ended.version,
            reason="ended",
            changes={},
            actor=user,
            audience=(user.id,),
        ),
    )
