from typing import Annotated

import uuid_utils.compat as uuid
from aiohttp import web
from pydantic import Field

from contracts.identity import Account, Email, GetAccount, LogIn, RegisterAccount, Tokens
from contracts.people import Username
from contracts.problems import EMAIL_TAKEN, INVALID_CREDENTIALS, NOT_FOUND, USERNAME_TAKEN
from gateway.body import read_body
from gateway.credentials import Body, Password, seal
from gateway.execution import execute, fetch, show
from gateway.operation import Access, Operation
from gateway.rate_limits import LOGIN, LOGIN_ADDRESS, OTHERWISE, REGISTER
from gateway.routing import count_name
from gateway.state import CLIENT_ADDRESS
from gateway.visitor import user, user_agent


class NewAccount(Body):
    username: Username
    email: Email
    password: Password


class Credentials(Body):
    username: Annotated[str, Field(min_length=1, max_length=254, description="A username or an e-mail address.")]
    password: Password


async def register(request: web.Request) -> web.Response:
    body = await read_body(request, NewAccount)
    command = RegisterAccount(
        user_id=uuid.uuid7(),
        username=body.username,
        email=body.email,
        sealed_password=seal(request, body.password),
    )
    return await execute(request, command, location=lambda _: "/v1/users/me")


async def log_in(request: web.Request) -> web.Response:
    body = await read_body(request, Credentials)
    await count_name(request, LOGIN, body.username)
    command = LogIn(
        session_id=uuid.uuid7(),
        login=body.username,
        sealed_password=seal(request, body.password),
        user_agent=user_agent(request),
        address=request[CLIENT_ADDRESS],
    )
    return await execute(request, command)


async def show_me(request: web.Request) -> web.Response:
    return show(request, await fetch(request, GetAccount(user_id=user(request).id)))


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
