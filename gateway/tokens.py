"""Access tokens, believed only when nothing about them is open. PyJWT by itself takes any `typ`, `kid`, `jku` and
`jwk`, the critical extension `b64`, members that are there twice, and times that are strings.
"""

import base64
import binascii
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from chassis.errors import Refusal
from contracts.access_token import ALGORITHM, AUDIENCE, TYPE
from contracts.message import Actor
from contracts.people import Username
from contracts.problems import INVALID_TOKEN, TOKEN_EXPIRED
from gateway import strict_json

_MAX_LENGTH = 4096  # characters
_MAX_LIFETIME = 900  # seconds
_LEEWAY = 5  # seconds
_MAX_CACHED = 10_000
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")

PublicKeys = Mapping[str, EllipticCurvePublicKey]


class _Claims(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True)

    sub: UUID
    sid: UUID
    username: Username
    scope: Annotated[str, Field(max_length=1000)] = ""
    jti: Annotated[str, Field(min_length=1, max_length=100)]
    iat: int
    nbf: int | None = None
    exp: int


@dataclass(frozen=True, slots=True)
class Caller:
    actor: Actor
    expires_at: int
    """Seconds since the epoch."""
    api_token_id: UUID | None = None

    @property
    def credential(self) -> UUID | None:
        """What must not have ended: the API token, or the session."""
        return self.api_token_id or self.actor.session_id


def _invalid() -> Refusal:
    return Refusal(INVALID_TOKEN)


def key_id(token: str) -> str:
    """Of a token whose header is exactly ours; nothing else of it is believed yet."""
    if len(token) > _MAX_LENGTH or not _COMPACT.fullmatch(token):
        raise _invalid()
    try:
        header = strict_json.parse(_decode(token.split(".", 1)[0]))
    except (Refusal, binascii.Error) as error:
        raise _invalid() from error
    if not isinstance(header, dict) or header.keys() != {"alg", "kid", "typ"}:
        raise _invalid()
    if header["alg"] != ALGORITHM or header["typ"] != TYPE or not isinstance(header["kid"], str):
        raise _invalid()
    return header["kid"]


def _decode(segment: str) -> bytes:
    return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


class Verifier:
    """Remembers tokens that it has verified, because checking a signature costs more than all the rest."""

    def __init__(self, issuer: str, clock: Callable[[], float] = time.time) -> None:
        self._issuer = issuer
        self._clock = clock
        self._verified: dict[str, Caller] = {}

    def remembered(self, token: str) -> Caller | None:
        caller = self._verified.get(token)
        if caller is not None and self._clock() > caller.expires_at + _LEEWAY:
            del self._verified[token]
            raise Refusal(TOKEN_EXPIRED)
        return caller

    def forget_all(self) -> None:
        self._verified.clear()

    def verify(self, token: str, key: EllipticCurvePublicKey) -> Caller:
        claims = self._claims(token, key)
        if claims.exp + _LEEWAY < self._clock():
            raise Refusal(TOKEN_EXPIRED)
        caller = Caller(
            Actor(id=claims.sub, username=claims.username, session_id=claims.sid, scopes=tuple(claims.scope.split())),
            claims.exp,
        )
        if len(self._verified) >= _MAX_CACHED:
            del self._verified[next(iter(self._verified))]
        self._verified[token] = caller
        return caller

    def _claims(self, token: str, key: EllipticCurvePublicKey) -> _Claims:
        required = ["iss", "aud", "sub", "sid", "jti", "iat", "exp", "username"]
        options: Any = {
            "require": required,
            "strict_aud": True,
            "verify_exp": False,
            "verify_iat": False,
            "verify_nbf": False,
        }
        try:
            jwt.decode(token, key, [ALGORITHM], options, audience=AUDIENCE, issuer=self._issuer)
            claims = _Claims.model_validate_json(_decode(token.split(".")[1]))
        except (jwt.InvalidTokenError, ValidationError, RecursionError) as error:
            raise _invalid() from error
        now = self._clock()
        begins = max(claims.iat, claims.nbf or 0)
        if begins > now + _LEEWAY or not 0 < claims.exp - claims.iat <= _MAX_LIFETIME:
            raise _invalid()
        return claims
