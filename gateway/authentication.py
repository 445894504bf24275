import re

from aiohttp import web

from chassis.errors import Refusal
from contracts.access_token import API_TOKEN_PREFIX
from contracts.problems import INSUFFICIENT_SCOPE, INVALID_TOKEN, UNAUTHENTICATED
from gateway.operation import Access, Operation
from gateway.state import API_TOKENS, KEYS, REVOCATIONS, VERIFIER
from gateway.tokens import Caller, key_id

_BEARER = re.compile(r"bearer +([^ ]+)", re.IGNORECASE)


async def authenticate(request: web.Request, operation: Operation) -> Caller | None:
    if operation.access is Access.ANYONE:
        return None
    found = request.headers.getall("Authorization", [])
    if not found and operation.access is Access.CALLER:
        return None
    match = _BEARER.fullmatch(found[0]) if len(found) == 1 else None
    if match is None:
        raise Refusal(UNAUTHENTICATED)
    caller = await _identify(request, match[1])
    if operation.scope is not None and operation.scope not in caller.actor.scopes:
        raise Refusal(INSUFFICIENT_SCOPE, f"this operation needs the scope {operation.scope}")
    return caller


async def _identify(request: web.Request, token: str) -> Caller:
    if token.startswith(API_TOKEN_PREFIX):
        caller = await request.app[API_TOKENS].find(token)
    else:
        caller = await _verify(request, token)
    if caller.credential is not None:
        request.app[REVOCATIONS].refuse_ended(caller.credential)
    return caller


async def _verify(request: web.Request, token: str) -> Caller:
    verifier = request.app[VERIFIER]
    if (caller := verifier.remembered(token)) is not None:
        return caller
    key = await request.app[KEYS].find(key_id(token))
    if key is None:
        raise Refusal(INVALID_TOKEN)
    return verifier.verify(token, key)
