from typing import Annotated

import uuid_utils.compat as uuid
from aiohttp import web
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from contracts.identity import PASSWORD_PURPOSE, Account, Email, GetAccount, LogIn, RegisterAccount, Tokens
from contracts.people import Username
from contracts.problems import EMAIL_TAKEN, INVALID_CREDENTIALS, NOT_FOUND, USERNAME_TAKEN
from gateway.body import read_body
from gateway.execution import ask, execute, show
from gateway.operation import Access, Operation
from gateway.rate_limits import LOGIN, LOGIN_ADDRESS, OTHERWISE, REGISTER
from gateway.routing import count_login
from gateway.state import PASSWORD_KEY
from gateway.visitor import user

_MAX_PASSWORD = 1024  # bytes


def _short(password: str) -> str:
    if len(password.encode()) > _MAX_PASSWORD:
        raise PydanticCustomError("string_too_long", "should have at most {limit} bytes", {"limit": _MAX_PASSWORD})
    return password


Password = Annotated[str, StringConstraints(min_length=1), AfterValidator(_short), Field(repr=False)]
"""Long enough or not is decided by auth_worker."""


class NewAccount(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)

    username: Username
    email: Email
    password: Password


class Credentials(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)

    username: Annotated[str, Field(min_length=1, max_length=254, description="A username or an e-mail address.")]
    password: Password


async def register(request: web.Request) -> web.Response:
    body = await read_body(request, NewAccount)
    command = RegisterAccount(
        user_id=uuid.uuid7(),
        username=body.username,
        email=body.email,
        sealed_password=request.app[PASSWORD_KEY].seal(body.password, purpose=PASSWORD_PURPOSE),
    )
    return await execute(request, command, location=lambda _: "/v1/users/me")


async def log_in(request: web.Request) -> web.Response:
    body = await read_body(request, Credentials)
    await count_login(request, body.username)
    command = LogIn(
        session_id=uuid.uuid7(),
        login=body.username,
        sealed_password=request.app[PASSWORD_KEY].seal(body.password, purpose=PASSWORD_PURPOSE),
    )
    return await execute(request, command)


async def show_me(request: web.Request) -> web.Response:
    account = await ask(request, GetAccount(user_id=user(request).id))
    return show(request, account)


OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/auth/register",
        handle=register,
        summary="Register an account",
        tag="accounts",
        access=Access.ANYONE,
        body=NewAccount,
        asks=RegisterAccount,
        success=201,
        reply=Account,
        location=True,
        versioned=True,
        limits=(REGISTER,),
        problems=(USERNAME_TAKEN, EMAIL_TAKEN),
    ),
    Operation(
        method="POST",
        path="/v1/auth/login",
        handle=log_in,
        summary="Log in",
        tag="accounts",
        access=Access.ANYONE,
        body=Credentials,
        asks=LogIn,
        reply=Tokens,
        repeatable=False,
        limits=(LOGIN_ADDRESS, LOGIN),
        problems=(INVALID_CREDENTIALS,),
    ),
    Operation(
        method="GET",
        path="/v1/users/me",
        handle=show_me,
        summary="Show the caller's own account",
        tag="accounts",
        scope="profile",
        asks=GetAccount,
        reply=Account,
        versioned=True,
        limits=(OTHERWISE,),
        problems=(NOT_FOUND,),
    ),
)
