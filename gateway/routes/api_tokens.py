from typing import Annotated
from uuid import UUID

from aiohttp import web
from pydantic import Field

from contracts.access_token import ACCOUNT_SCOPE
from contracts.api_tokens import (
    ApiTokenList,
    CreateApiToken,
    ListApiTokens,
    NewApiToken,
    RevokeApiToken,
    Scope,
    TokenName,
)
from contracts.problems import NOT_FOUND
from gateway.body import read_body
from gateway.credentials import Body
from gateway.execution import execute, fetch, show
from gateway.operation import Operation
from gateway.query import ONCE
from gateway.rate_limits import OTHERWISE


class TokenWish(Body):
    name: TokenName
    scopes: Annotated[tuple[Scope, ...], ONCE, Field(min_length=1, max_length=20)]
    expires_in_days: Annotated[int, Field(ge=1, le=366)] = 90


async def create_api_token(request: web.Request) -> web.Response:
    body = await read_body(request, TokenWish)
    command = CreateApiToken(name=body.name, scopes=body.scopes, expires_in_days=body.expires_in_days)
    return await execute(request, command, location=lambda token: f"/v1/auth/api-tokens/{token.id}")


async def list_api_tokens(request: web.Request) -> web.Response:
    return show(request, await fetch(request, ListApiTokens()))


async def revoke_api_token(request: web.Request) -> web.Response:
    return await execute(request, RevokeApiToken(token_id=UUID(request.match_info["token_id"])))


OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/auth/api-tokens",
        handle=create_api_token,
        summary="Create a personal API token, which is shown this once",
        tag="api tokens",
        scope=ACCOUNT_SCOPE,
        body=TokenWish,
        asks=CreateApiToken,
        success=201,
        reply=NewApiToken,
        location=True,
        limits=(OTHERWISE,),
    ),
    Operation(
        method="GET",
        path="/v1/auth/api-tokens",
        handle=list_api_tokens,
        summary="List the caller's API tokens, newest first",
        tag="api tokens",
        scope=ACCOUNT_SCOPE,
        asks=ListApiTokens,
        reply=ApiTokenList,
        limits=(OTHERWISE,),
    ),
    Operation(
        method="DELETE",
        path="/v1/auth/api-tokens/{token_id}",
        handle=revoke_api_token,
        summary="Revoke an API token",
        tag="api tokens",
        scope=ACCOUNT_SCOPE,
        asks=RevokeApiToken,
        success=204,
        limits=(OTHERWISE,),
        problems=(NOT_FOUND,),
    ),
)
