from auth_worker.endings import log_out_of
from chassis.errors import Refusal
from chassis.subscription import Answer, Delivery
from contracts.people import Person
from contracts.problems import INVALID_TOKEN
from contracts.sessions import LogOut


async def log_out(_: LogOut, delivery: Delivery) -> Answer:
    actor = delivery.actor
    if actor.session_id is None:
        raise Refusal(INVALID_TOKEN)
    user = Person(id=actor.id, username=actor.username)
    return Answer(None, *await log_out_of(delivery.connection, actor.session_id, user))
