"""Where a page ended, in a form that only this server makes and that fits only the list it was made for."""

import base64
import binascii
import hashlib
import hmac
from typing import TypeVar
from uuid import UUID

from pydantic import BaseModel

from chassis.errors import Refusal
from contracts.problems import INVALID_CURSOR

P = TypeVar("P", bound=BaseModel)

_MAC = 16  # bytes
MAX_CURSOR = 2048  # characters: a title of 200 may be in it


class Cursors:
    def __init__(self, key: bytes) -> None:
        self._key = key

    def write(self, position: BaseModel, *, listing: str, filters: BaseModel, principal: UUID) -> str:
        content = position.model_dump_json().encode()
        mac = self._mac(content, listing, filters, principal)
        return base64.urlsafe_b64encode(mac + content).rstrip(b"=").decode()

    def read(self, cursor: str, position: type[P], *, listing: str, filters: BaseModel, principal: UUID) -> P:
        try:
            decoded = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError) as error:
            raise Refusal(INVALID_CURSOR) from error
        mac, content = decoded[:_MAC], decoded[_MAC:]
        if not hmac.compare_digest(mac, self._mac(content, listing, filters, principal)):
            raise Refusal(INVALID_CURSOR)
        return position.model_validate_json(content)

    def _mac(self, content: bytes, listing: str, filters: BaseModel, principal: UUID) -> bytes:
        """Over what is asked for; how many at once may change from page to page."""
        asked = filters.model_dump_json(exclude={"cursor", "limit"})
        parts = (listing.encode(), principal.bytes, asked.encode(), content)
        framed = b"".join(len(part).to_bytes(4) + part for part in parts)
        return hmac.digest(self._key, framed, hashlib.sha256)[:_MAC]
