from auth_worker.callers import lock_caller
from auth_worker.endings import end_sessions, log_out_of
from chassis.errors import Refusal
from chassis.subscription import Answer, Delivery
from contracts.problems import INVALID_TOKEN
from contracts.sessions import LogOutEverywhere


async def log_out_everywhere(_: LogOutEverywhere, delivery: Delivery) -> Answer:
    user, own = (await lock_caller(delivery)).person, delivery.actor.session_id
    if own is None:
        raise Refusal(INVALID_TOKEN)
    here = await log_out_of(delivery.connection, own, user)
    elsewhere = await end_sessions(delivery.connection, user, reason="logout_all", actor=user)
    return Answer(None, *here, *elsewhere)
