"""The tokens of a session. Each is worked out from the session alone, so that asking twice gives the same session."""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid5

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from contracts.access_token import ACCOUNT_SCOPE, ALGORITHM, API_TOKEN_PREFIX, AUDIENCE, TYPE
from contracts.people import Person

_PREFIX = "rt_"

SCOPES = f"tasks:read tasks:write activity:read events:read webhooks:manage profile {ACCOUNT_SCOPE}"


@dataclass(frozen=True, slots=True)
class Session:
    id: UUID
    account_id: UUID
    generation: int
    """How often its refresh token was rotated."""
    issued_at: datetime
    """Of this generation."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    kid: str
    private: EllipticCurvePrivateKey


def access_token(session: Session, person: Person, *, key: SigningKey, issuer: str, lifetime: timedelta) -> str:
    issued_at = int(session.issued_at.timestamp())
    claims = {
        "iss": issuer,
        "aud": AUDIENCE,
        "sub": str(person.id),
        "sid": str(session.id),
        "username": person.username,
        "scope": SCOPES,
        "jti": str(uuid5(session.id, str(session.generation))),
        "iat": issued_at,
        "nbf": issued_at,
        "exp": issued_at + int(lifetime.total_seconds()),
    }
    return jwt.encode(claims, key.private, algorithm=ALGORITHM, headers={"typ": TYPE, "kid": key.kid})


def refresh_token(session: Session, *, secret: bytes) -> str:
    """session id, generation, and a MAC over both: nothing that would let its reader in rests in the database."""
    return _PREFIX + _encode(_refresh_content(session.id, session.generation, secret))


def read_refresh_token(token: str, *, secrets: Sequence[bytes]) -> tuple[UUID, int] | None:
    """Session id and generation. None for what was not made with one of `secrets`, to the last bit."""
    try:
        content = base64.b64decode(token[len(_PREFIX) :] + "==", altchars=b"-_", validate=True)
        session_id, generation = UUID(bytes=content[:16]), int.from_bytes(content[16:20])
    except ValueError:
        return None
    genuine = (_PREFIX + _encode(_refresh_content(session_id, generation, secret)) for secret in secrets)
    if not any(hmac.compare_digest(token.encode(), expected.encode()) for expected in genuine):
        return None
    return session_id, generation


def _refresh_content(session_id: UUID, generation: int, secret: bytes) -> bytes:
    content = session_id.bytes + generation.to_bytes(4)
    return content + hmac.digest(secret, content, hashlib.sha256)


def api_token(token_id: UUID, *, secret: bytes) -> str:
    return API_TOKEN_PREFIX + _encode(hmac.digest(secret, token_id.bytes, hashlib.sha256))


def _encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
