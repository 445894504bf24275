from uuid import UUID

from aiohttp import web

from contracts.access_token import ACCOUNT_SCOPE
from contracts.identity import Tokens
from contracts.problems import INVALID_REFRESH_TOKEN, NOT_FOUND
from contracts.sessions import (
    REFRESH_PURPOSE,
    EndSession,
    ListSessions,
    LogOut,
    LogOutEverywhere,
    RefreshSession,
    SessionList,
)
from gateway.body import read_body
from gateway.credentials import Body, Token, seal
from gateway.execution import execute, fetch, show
from gateway.operation import Access, Operation
from gateway.rate_limits import OTHERWISE


class RefreshToken(Body):
    refresh_token: Token


async def refresh(request: web.Request) -> web.Response:
    body = await read_body(request, RefreshToken)
    sealed = seal(request, body.refresh_token, purpose=REFRESH_PURPOSE)
    return await execute(request, RefreshSession(sealed_refresh_token=sealed))


async def log_out(request: web.Request) -> web.Response:
    return await execute(request, LogOut())


async def log_out_everywhere(request: web.Request) -> web.Response:
    return await execute(request, LogOutEverywhere())


async def list_sessions(request: web.Request) -> web.Response:
    return show(request, await fetch(request, ListSessions()))


async def end_session(request: web.Request) -> web.Response:
    return await execute(request, EndSession(session_id=UUID(request.match_info["session_id"])))


OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/auth/refresh",
        handle=refresh,
        summary="Exchange a refresh token for the next one and an access token",
        tag="sessions",
        access=Access.ANYONE,
        body=RefreshToken,
        asks=RefreshSession,
        reply=Tokens,
        repeatable=False,
        limits=(OTHERWISE,),
        problems=(INVALID_REFRESH_TOKEN,),
    ),
    Operation(
        method="POST",
        path="/v1/auth/logout",
        handle=log_out,
        summary="End the session of this token",
        tag="sessions",
        scope=ACCOUNT_SCOPE,
        asks=LogOut,
        success=204,
        limits=(OTHERWISE,),
    ),
    Operation(
        method="POST",
        path="/v1/auth/logout-all",
        handle=log_out_everywhere,
        summary="End every session of the caller, this one too",
        tag="sessions",
        scope=ACCOUNT_SCOPE,
        asks=LogOutEverywhere,
        success=204,
        limits=(OTHERWISE,),
    ),
    Operation(
        method="GET",
        path="/v1/auth/sessions",
        handle=list_sessions,
        summary="List the caller's sessions, the last used first",
        tag="sessions",
        scope=ACCOUNT_SCOPE,
        asks=ListSessions,
        reply=SessionList,
        limits=(OTHERWISE,),
    ),
    Operation(
        method="DELETE",
        path="/v1/auth/sessions/{session_id}",
        handle=end_session,
        summary="End a session of the caller",
        tag="sessions",
        scope=ACCOUNT_SCOPE,
        asks=EndSession,
        success=204,
        limits=(OTHERWISE,),
        problems=(NOT_FOUND,),
    ),
)
