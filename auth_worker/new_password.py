import asyncio

from auth_worker.password_policy import Policy, weaknesses
from chassis.errors import Refusal
from contracts.problems import VALIDATION_FAILED


async def require_good_enough(password: str, *, policy: Policy, username: str, email: str, pointer: str) -> None:
    # In a thread, because rating a long password takes tens of milliseconds.
    errors = await asyncio.to_thread(
        weaknesses, password, policy=policy, username=username, email=email, pointer=pointer
    )
    if errors:
        raise Refusal(VALIDATION_FAILED, "the password is not good enough", errors=errors)
