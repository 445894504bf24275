from typing import Annotated

import uuid_utils.compat as uuid
from aiohttp import web
from pydantic import StringConstraints

from contracts.access_token import ACCOUNT_SCOPE
from contracts.identity import Email
from contracts.passwords import ChangePassword, PasswordRating, RatePassword, RequestPasswordReset, ResetPassword
from contracts.problems import CURRENT_PASSWORD_INCORRECT, INVALID_OR_EXPIRED_TOKEN
from gateway.body import read_body
from gateway.credentials import Body, Password, Token, digest, seal
from gateway.execution import dispatch, execute, fetch, show
from gateway.operation import Access, Operation
from gateway.rate_limits import LOGIN, OTHERWISE, PASSWORD_RESET, PASSWORD_RESET_ADDRESS
from gateway.routing import count_name
from gateway.visitor import user

_Name = Annotated[str, StringConstraints(max_length=254)]


class PasswordChange(Body):
    current_password: Password
    new_password: Password


class ResetRequest(Body):
    email: Email


class ResetProof(Body):
    token: Token
    new_password: Password


class RatedPassword(Body):
    """`username` and `email` must not stand in the password, and need not be given."""

    password: Password
    username: _Name = ""
    email: _Name = ""


async def change_password(request: web.Request) -> web.Response:
    body = await read_body(request, PasswordChange)
    await count_name(request, LOGIN, str(user(request).id))
    command = ChangePassword(
        sealed_current_password=seal(request, body.current_password),
        sealed_new_password=seal(request, body.new_password),
    )
    return await execute(request, command)


async def request_password_reset(request: web.Request) -> web.Response:
    """Answered before anybody looks whether there is such an account, so that no clock tells."""
    body = await read_body(request, ResetRequest)
    await count_name(request, PASSWORD_RESET, body.email)
    await dispatch(request, RequestPasswordReset(reset_id=uuid.uuid7(), email=body.email))
    return web.Response(status=202)


async def reset_password(request: web.Request) -> web.Response:
    body = await read_body(request, ResetProof)
    command = ResetPassword(token_sha=digest(body.token), sealed_new_password=seal(request, body.new_password))
    return await execute(request, command)


async def rate_password(request: web.Request) -> web.Response:
    body = await read_body(request, RatedPassword)
    query = RatePassword(sealed_password=seal(request, body.password), username=body.username, email=body.email)
    return show(request, await fetch(request, query))


OPERATIONS = (
    Operation(
        method="PATCH",
        path="/v1/users/me/change-password",
        handle=change_password,
        summary="Change the password, and end every other session",
        tag="passwords",
        scope=ACCOUNT_SCOPE,
        body=PasswordChange,
        asks=ChangePassword,
        success=204,
        limits=(OTHERWISE, LOGIN),
        problems=(CURRENT_PASSWORD_INCORRECT,),
    ),
    Operation(
        method="POST",
        path="/v1/auth/password-reset/request",
        handle=request_password_reset,
        summary="Ask for a mail with a token that resets the password",
        tag="passwords",
        access=Access.ANYONE,
        body=ResetRequest,
        asks=RequestPasswordReset,
        success=202,
        repeatable=False,
        limits=(PASSWORD_RESET_ADDRESS, PASSWORD_RESET),
    ),
    Operation(
        method="POST",
        path="/v1/auth/password-reset/verify",
        handle=reset_password,
        summary="Set another password with the token of a mail, and end every session",
        tag="passwords",
        access=Access.ANYONE,
        body=ResetProof,
        asks=ResetPassword,
        success=204,
        limits=(OTHERWISE,),
        problems=(INVALID_OR_EXPIRED_TOKEN,),
    ),
    Operation(
        method="POST",
        path="/v1/auth/password-strength",
        handle=rate_password,
        summary="Say how good a password is, and whether it would be taken",
        tag="passwords",
        access=Access.ANYONE,
        body=RatedPassword,
        asks=RatePassword,
        reply=PasswordRating,
        limits=(OTHERWISE,),
    ),
)
