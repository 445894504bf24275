"""Tickets for streams: a browser's EventSource cannot send a bearer token, and a token in a URL ends up in logs."""

import base64
import binascii
import hashlib
import hmac
import time
from uuid import UUID

import uuid_utils.compat as uuid
from pydantic import BaseModel

from chassis.errors import Refusal
from contracts.message import Actor
from contracts.problems import INVALID_TOKEN, TOKEN_EXPIRED
from gateway.tokens import Caller

LIFETIME = 60  # seconds
_MAC = 32  # bytes


class Ticket(BaseModel):
    id: UUID
    actor: Actor
    token_expires_at: int
    expires_at: int
    api_token_id: UUID | None = None


class Tickets:
    def __init__(self, key: bytes) -> None:
        self._key = key

    def issue(self, caller: Caller) -> str:
        ticket = Ticket(
            id=uuid.uuid7(),
            actor=caller.actor,
            token_expires_at=caller.expires_at,
            api_token_id=caller.api_token_id,
            expires_at=int(time.time()) + LIFETIME,
        )
        content = ticket.model_dump_json().encode()
        return base64.urlsafe_b64encode(self._mac(content) + content).rstrip(b"=").decode()

    def read(self, text: str) -> Ticket:
        """Says nothing of whether it was used before."""
        try:
            decoded = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError) as error:
            raise Refusal(INVALID_TOKEN, "not a ticket") from error
        mac, content = decoded[:_MAC], decoded[_MAC:]
        if not hmac.compare_digest(mac, self._mac(content)):
            raise Refusal(INVALID_TOKEN, "not a ticket")
        ticket = Ticket.model_validate_json(content)
        if ticket.expires_at < time.time():
            raise Refusal(TOKEN_EXPIRED, "the ticket was good for a minute")
        return ticket

    def _mac(self, content: bytes) -> bytes:
        return hmac.digest(self._key, content, hashlib.sha256)
