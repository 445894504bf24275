from aiohttp import web
from pydantic import BaseModel

from gateway.operation import Access, Operation
from gateway.rate_limits import (
    ANONYMOUS,
    CREATE_TASK,
    EMAIL_VERIFICATION,
    LOGIN_ADDRESS,
    OTHERWISE,
    PASSWORD_RESET_ADDRESS,
    REGISTER,
    UPLOAD,
    USER,
)
from gateway.state import CALLER, CLIENT_ADDRESS, RATE_LIMITS

_OF_A_USER = (CREATE_TASK, UPLOAD, EMAIL_VERIFICATION, USER)
_OF_AN_ADDRESS = (REGISTER, LOGIN_ADDRESS, PASSWORD_RESET_ADDRESS, ANONYMOUS)


class Limit(BaseModel):
    """`window` and `reset` are seconds."""

    policy: str
    quota: int
    window: int
    remaining: int
    reset: int


class Limits(BaseModel):
    items: tuple[Limit, ...]


async def list_limits(request: web.Request) -> web.Response:
    caller, rate_limits = request[CALLER], request.app[RATE_LIMITS]
    mine = _OF_A_USER if caller else _OF_AN_ADDRESS
    key = str(caller.actor.id) if caller else request[CLIENT_ADDRESS]
    standings = [await rate_limits.standing(policy, key) for policy in mine if policy in rate_limits.policies]
    limits = Limits(
        items=tuple(
            Limit(policy=s.policy, quota=s.quota, window=s.window, remaining=s.remaining, reset=s.reset)
            for s in standings
            if s is not None
        )
    )
    return web.Response(body=limits.model_dump_json().encode(), content_type="application/json")


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/limits",
        handle=list_limits,
        summary="List the limits that the caller is under, and what remains of them",
        tag="documents",
        access=Access.CALLER,
        reply=Limits,
        limits=(OTHERWISE,),
    ),
)
