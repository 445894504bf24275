from auth_worker.callers import lock_caller
from auth_worker.endings import end_sessions
from auth_worker.handlers.log_out import log_out
from chassis.subscription import Answer, Delivery
from contracts.sessions import LogOut, LogOutEverywhere


async def log_out_everywhere(_: LogOutEverywhere, delivery: Delivery) -> Answer:
    account = await lock_caller(delivery)
    own = await log_out(LogOut(), delivery)
    others = await end_sessions(delivery.connection, account.person, reason="logout_all", actor=account.person)
    return Answer(None, *own.tells, *others)
