"""Personal API tokens: auth_worker says whose they are, and is not asked again for a minute."""

import hashlib
import time
from datetime import timedelta

import uuid_utils.compat as uuid

from chassis.errors import Refusal
from chassis.requests import Requests, Sender
from contracts.api_tokens import FindApiToken
from contracts.message import Actor
from contracts.problems import INVALID_TOKEN, NOT_FOUND, TOKEN_EXPIRED
from gateway.tokens import Caller

_REMEMBERED = 60.0  # seconds; a revocation is heard of apart from this
_MAX_CACHED = 10_000
_MAX_LENGTH = 128  # characters
_BUDGET = timedelta(seconds=2)


class ApiTokens:
    def __init__(self, requests: Requests) -> None:
        self._requests = requests
        self._found: dict[str, tuple[Caller, float]] = {}

    async def find(self, token: str) -> Caller:
        if len(token) > _MAX_LENGTH:
            raise Refusal(INVALID_TOKEN)
        # By its digest, so that no token rests in our memory.
        digest = hashlib.sha256(token.encode(errors="replace")).hexdigest()
        caller, until = self._found.get(digest, (None, 0.0))
        if caller is None or until < time.monotonic():
            caller = await self._ask(digest)
            self._found.pop(digest, None)
            if len(self._found) >= _MAX_CACHED:
                del self._found[next(iter(self._found))]
            self._found[digest] = caller, time.monotonic() + _REMEMBERED
        if caller.expires_at < time.time():
            raise Refusal(TOKEN_EXPIRED)
        return caller

    async def _ask(self, digest: str) -> Caller:
        sender = Sender(message_id=uuid.uuid7(), actor=None, budget=_BUDGET)
        try:
            owner = (await self._requests.ask(FindApiToken(token_sha=digest), sender)).value
        except Refusal as refusal:
            if refusal.problem.type == NOT_FOUND:
                raise Refusal(INVALID_TOKEN) from refusal
            raise
        actor = Actor(id=owner.user.id, username=owner.user.username, scopes=owner.scopes)
        return Caller(actor, int(owner.expires_at.timestamp()), api_token_id=owner.token_id)
