"""The tokens of a session. Each is worked out from the session alone, so that asking twice gives the same session."""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid5

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from contracts.access_token import ALGORITHM, AUDIENCE, TYPE
from contracts.people import Person

SCOPES = "tasks:read tasks:write activity:read events:read webhooks:manage profile"


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
    content = session.id.bytes + session.generation.to_bytes(4)
    mac = hmac.new(secret, content, hashlib.sha256).digest()
    return "rt_" + base64.urlsafe_b64encode(content + mac).rstrip(b"=").decode()
