from typing import Annotated

from aiohttp import web
from pydantic import ConfigDict, Field

from contracts.access_token import ACCOUNT_SCOPE
from contracts.identity import Account
from contracts.people import Person
from contracts.problems import (
    CURRENT_PASSWORD_INCORRECT,
    EMAIL_ALREADY_VERIFIED,
    EMAIL_TAKEN,
    EMPTY_PATCH,
    INVALID_CURSOR,
    INVALID_OR_EXPIRED_TOKEN,
)
from contracts.profile import CloseAccount, ProfilePatch, SearchUsers, SendVerification, UpdateProfile, VerifyEmail
from gateway.body import read_body
from gateway.credentials import Body, Password, PasswordText, Token, digest, seal
from gateway.execution import execute
from gateway.operation import JSON, MERGE_PATCH, Access, Operation
from gateway.pages import Listing, read_position, show_page
from gateway.preconditions import read_if_match
from gateway.query import read_query
from gateway.rate_limits import EMAIL_VERIFICATION, LOGIN, OTHERWISE
from gateway.routing import count_name
from gateway.state import SETTINGS
from gateway.visitor import user


class ProfileChange(ProfilePatch):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)

    current_password: Annotated[
        PasswordText | None, Field(repr=False, description="Needed for another e-mail address.")
    ] = None


class Farewell(Body):
    password: Password


class VerificationToken(Body):
    token: Token


class UserSearch(Listing):
    query: Annotated[str, Field(min_length=2, max_length=50, description="How the username begins.")]


async def update_me(request: web.Request) -> web.Response:
    body = await read_body(request, ProfileChange)
    if body.current_password is not None:
        await count_name(request, LOGIN, str(user(request).id))
    command = UpdateProfile(
        patch=ProfilePatch(**body.model_dump(exclude={"current_password"}, exclude_unset=True)),
        sealed_current_password=seal(request, body.current_password) if body.current_password else None,
        if_match=read_if_match(request, required=request.app[SETTINGS].require_if_match),
    )
    return await execute(request, command)


async def close_account(request: web.Request) -> web.Response:
    body = await read_body(request, Farewell)
    await count_name(request, LOGIN, str(user(request).id))
    return await execute(request, CloseAccount(sealed_password=seal(request, body.password)))


async def search_users(request: web.Request) -> web.Response:
    listing = read_query(request, UserSearch)
    query = SearchUsers(prefix=listing.query, after=read_position(request, listing, Person), limit=listing.limit)
    return await show_page(request, listing, query)


async def send_verification(request: web.Request) -> web.Response:
    return await execute(request, SendVerification())


async def verify_email(request: web.Request) -> web.Response:
    body = await read_body(request, VerificationToken)
    return await execute(request, VerifyEmail(token_sha=digest(body.token)))


OPERATIONS = (
    Operation(
        method="PATCH",
        path="/v1/users/me",
        handle=update_me,
        summary="Change the caller's profile",
        tag="accounts",
        scope="profile",
        body=ProfileChange,
        takes=(JSON, MERGE_PATCH),
        asks=UpdateProfile,
        reply=Account,
        versioned=True,
        conditional=True,
        limits=(OTHERWISE, LOGIN),
        problems=(EMPTY_PATCH, CURRENT_PASSWORD_INCORRECT, EMAIL_TAKEN),
    ),
    Operation(
        method="DELETE",
        path="/v1/users/me",
        handle=close_account,
        summary="Close the account: its personal data is erased and its tasks are deleted",
        tag="accounts",
        scope=ACCOUNT_SCOPE,
        body=Farewell,
        asks=CloseAccount,
        success=204,
        limits=(OTHERWISE, LOGIN),
        problems=(CURRENT_PASSWORD_INCORRECT,),
    ),
    Operation(
        method="GET",
        path="/v1/users/search",
        handle=search_users,
        summary="Find other users by the beginning of their usernames",
        tag="accounts",
        scope="profile",
        query=UserSearch,
        asks=SearchUsers,
        reply=Person,
        paged=True,
        limits=(OTHERWISE,),
        problems=(INVALID_CURSOR,),
    ),
    Operation(
        method="POST",
        path="/v1/notifications/send-verification",
        handle=send_verification,
        summary="Send another mail that verifies the caller's e-mail address",
        tag="accounts",
        scope=ACCOUNT_SCOPE,
        asks=SendVerification,
        success=202,
        limits=(EMAIL_VERIFICATION,),
        problems=(EMAIL_ALREADY_VERIFIED,),
    ),
    Operation(
        method="POST",
        path="/v1/notifications/verify",
        handle=verify_email,
        summary="Verify an e-mail address with the token of a mail",
        tag="accounts",
        access=Access.ANYONE,
        body=VerificationToken,
        asks=VerifyEmail,
        success=204,
        limits=(OTHERWISE,),
        problems=(INVALID_OR_EXPIRED_TOKEN,),
    ),
)
