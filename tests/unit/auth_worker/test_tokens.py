import base64
import hashlib
import hmac
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from auth_worker.tokens import SCOPES, Session, SigningKey, access_token, refresh_token
from contracts.access_token import ALGORITHM, AUDIENCE
from contracts.people import Person

ISSUER = "https://tasks.example.org"
ADA = Person(id=UUID(int=1), username="ada")
ISSUED_AT = datetime(2026, 1, 2, 3, 4, 5, 999_999, UTC)
SESSION = Session(id=UUID(int=2), account_id=ADA.id, generation=3, issued_at=ISSUED_AT)


@pytest.fixture(scope="module")
def key() -> SigningKey:
    return SigningKey("key-1", ec.generate_private_key(ec.SECP256R1()))


def sign(key: SigningKey, session: Session = SESSION, *, lifetime: timedelta = timedelta(minutes=15)) -> str:
    return access_token(session, ADA, key=key, issuer=ISSUER, lifetime=lifetime)


def believe(token: str, key: SigningKey) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(
        token,
        key.private.public_key(),
        algorithms=[ALGORITHM],
        audience=AUDIENCE,
        issuer=ISSUER,
        options={"verify_exp": False},
    )
    return claims


def test_an_access_token_says_who_and_until_when(key: SigningKey) -> None:
    issued_at = int(ISSUED_AT.timestamp())
    assert believe(sign(key), key) == {
        "iss": ISSUER,
        "aud": "taskmesh-api",
        "sub": str(ADA.id),
        "sid": str(SESSION.id),
        "username": "ada",
        "scope": SCOPES,
        "jti": str(uuid5(SESSION.id, "3")),
        "iat": issued_at,
        "nbf": issued_at,
        "exp": issued_at + 900,
    }


def test_its_header_names_the_key(key: SigningKey) -> None:
    assert jwt.get_unverified_header(sign(key)) == {"alg": "ES256", "typ": "at+jwt", "kid": "key-1"}


def test_asking_twice_gives_the_same_claims(key: SigningKey) -> None:
    assert believe(sign(key), key) == believe(sign(key), key)


def test_another_generation_is_another_token(key: SigningKey) -> None:
    assert believe(sign(key), key)["jti"] != believe(sign(key, replace(SESSION, generation=4)), key)["jti"]


def test_it_runs_out_when_its_lifetime_is_over(key: SigningKey) -> None:
    claims = believe(sign(key, lifetime=timedelta(seconds=1)), key)
    assert claims["exp"] == claims["iat"] + 1


def test_a_token_of_another_key_is_not_believed(key: SigningKey) -> None:
    other = SigningKey("key-1", ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(jwt.InvalidSignatureError):
        believe(sign(other), key)


def test_a_refresh_token_is_worked_out_from_the_session_alone() -> None:
    token = refresh_token(SESSION, secret=b"secret")
    content = SESSION.id.bytes + (3).to_bytes(4)
    mac = hmac.new(b"secret", content, hashlib.sha256).digest()
    assert base64.urlsafe_b64decode(token.removeprefix("rt_") + "==") == content + mac
    assert token == refresh_token(replace(SESSION, issued_at=datetime.now(UTC)), secret=b"secret")


def test_a_refresh_token_is_of_one_session_generation_and_secret() -> None:
    tokens = {
        refresh_token(SESSION, secret=b"secret"),
        refresh_token(SESSION, secret=b"another"),
        refresh_token(replace(SESSION, generation=4), secret=b"secret"),
        refresh_token(replace(SESSION, id=UUID(int=3)), secret=b"secret"),
    }
    assert len(tokens) == 4
