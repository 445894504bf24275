"""Forged, stale and half-open tokens: none of them gets in."""

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from chassis.errors import Refusal
from gateway.tokens import Verifier, key_id
from tests.unit.gateway.serving import Served, Signer

PUBLIC_URL = "http://127.0.0.1:8080"


def _segment(text: str) -> Any:
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def _verify(signer: Signer, token: str, clock: Callable[[], float] = time.time) -> Any:
    verifier = Verifier(PUBLIC_URL, clock)
    if key_id(token) != signer.kid:
        raise LookupError("no such key")
    return verifier.verify(token, signer.private.public_key())


def _signed_header(signer: Signer, header_json: str) -> Any:
    """A token with this very header, properly signed."""
    content = f"{_segment(header_json)}.{_segment(json.dumps(signer.claims()))}"
    algorithm = jwt.get_algorithm_by_name("ES256")
    signature = base64.urlsafe_b64encode(algorithm.sign(content.encode(), signer.private)).rstrip(b"=").decode()
    return f"{content}.{signature}"


def test_a_good_token_says_who_asks(signer: Signer) -> None:
    claims = signer.claims()
    caller = _verify(signer, signer.token(**claims))
    assert (str(caller.actor.id), str(caller.actor.session_id)) == (claims["sub"], claims["sid"])
    assert caller.actor.username == "ada"
    assert "tasks:read" in caller.actor.scopes


@pytest.mark.parametrize(
    "header",
    [
        '{"alg":"none","kid":"key-1","typ":"at+jwt"}',
        '{"alg":"HS256","kid":"key-1","typ":"at+jwt"}',
        '{"alg":"ES384","kid":"key-1","typ":"at+jwt"}',
        '{"alg":"ES256","kid":"key-1","typ":"rt+jwt"}',
        '{"alg":"ES256","kid":"key-1","typ":"JWT"}',
        '{"alg":"ES256","kid":"key-1"}',
        '{"alg":"ES256","kid":1,"typ":"at+jwt"}',
        '{"alg":"ES256","kid":["key-1"],"typ":"at+jwt"}',
        '{"alg":"ES256","typ":"at+jwt"}',
        '{"alg":"ES256","kid":"key-1","typ":"at+jwt","jku":"https://evil.example"}',
        '{"alg":"ES256","kid":"key-1","typ":"at+jwt","jwk":{}}',
        '{"alg":"ES256","kid":"key-1","typ":"at+jwt","x5u":"https://evil.example"}',
        '{"alg":"ES256","kid":"key-1","typ":"at+jwt","crit":["x"]}',
        '{"alg":"ES256","kid":"key-1","typ":"at+jwt","crit":["b64"],"b64":true}',
        '{"alg":"ES256","kid":"key-1","typ":"at+jwt","b64":false}',
        '{"alg":"none","alg":"ES256","kid":"key-1","typ":"at+jwt"}',
        "[]",
        "null",
        "",
        "[" * 1000,
    ],
)
def test_every_other_header_is_refused(signer: Signer, header: str) -> None:
    """H21, H22, H23, H24, H25 and H30, in this order"""
    with pytest.raises(Refusal) as refusal:
        _verify(signer, _signed_header(signer, header))
    assert refusal.value.problem.type.code == "invalid-token"


@pytest.mark.parametrize("kid", ["other", "../../dev/null", "k" * 2000])
def test_a_key_is_only_looked_up(signer: Signer, kid: str) -> None:
    """H22"""
    assert key_id(signer.token(headers={"kid": kid})) == kid


def test_our_public_key_is_no_secret_to_sign_with(signer: Signer) -> None:
    """H21"""
    pem = signer.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    header = _segment('{"alg":"HS256","kid":"key-1","typ":"at+jwt"}')
    content = f"{header}.{_segment(json.dumps(signer.claims()))}"
    signature = jwt.get_algorithm_by_name("HS256").sign(content.encode(), pem)
    token = f"{content}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"
    with pytest.raises(Refusal):
        _verify(signer, token)


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "other"},
        {"aud": ["taskmesh-api"]},
        {"iss": "http://127.0.0.1:8080.evil.example"},
        {"iss": "http://127.0.0.1"},
        {"iss": None},
        {"aud": None},
        {"sub": None},
        {"sid": None},
        {"jti": None},
        {"iat": None},
        {"exp": None},
        {"username": None},
        {"sub": "somebody"},
        {"sid": "session"},
        {"username": "a b"},
        {"exp": 1e20},
        {"exp": True},
        {"iat": "0"},
        {"scope": ["tasks:read"]},
    ],
)
def test_claims_are_what_they_must_be(signer: Signer, claims: dict[str, Any]) -> None:
    """H27, H28, H29, pitfall F6, pitfall K11"""
    with pytest.raises(Refusal) as refusal:
        _verify(signer, signer.token(**claims))
    assert refusal.value.problem.type.code == "invalid-token"


@pytest.mark.parametrize(
    "claims_at",
    [
        lambda now: {"exp": str(now + 900)},
        lambda now: {"exp": float(now + 800)},
        lambda now: {"exp": now + 10**6},
        lambda now: {"exp": now + 5000},
        lambda now: {"nbf": now + 3600},
        lambda now: {"iat": now + 3600, "exp": now + 4400},
    ],
)
def test_moments_are_what_they_must_be(signer: Signer, claims_at: Callable[[int], dict[str, Any]]) -> None:
    """H26, H27"""
    with pytest.raises(Refusal) as refusal:
        _verify(signer, signer.token(**claims_at(int(time.time()))))
    assert refusal.value.problem.type.code == "invalid-token"


def test_another_key_is_not_ours(signer: Signer) -> None:
    other = type(signer)(ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(Refusal) as refusal:
        _verify(signer, other.token())
    assert refusal.value.problem.type.code == "invalid-token"


@pytest.mark.parametrize(
    "token", ["", "a", "a.b", "a.b.c.d", "a.b.c\n", ".".join("é" * 3), "a" * 5000, "a.b." + "c" * 5000]
)
def test_what_is_no_token_is_refused(token: str) -> None:
    """H31"""
    with pytest.raises(Refusal):
        key_id(token)


def test_an_expired_token_is_told_apart(signer: Signer) -> None:
    """H26"""
    past = int(time.time()) - 1000
    with pytest.raises(Refusal) as refusal:
        _verify(signer, signer.token(iat=past, nbf=past, exp=past + 900))
    assert refusal.value.problem.type.code == "token-expired"


def test_a_remembered_token_expires_all_the_same(signer: Signer) -> None:
    now = [time.time()]
    verifier = Verifier(PUBLIC_URL, lambda: now[0])
    token = signer.token()
    caller = verifier.verify(token, signer.private.public_key())
    assert verifier.remembered(token) is caller
    now[0] += 904
    assert verifier.remembered(token) is caller
    now[0] += 3
    with pytest.raises(Refusal) as refusal:
        verifier.remembered(token)
    assert refusal.value.problem.type.code == "token-expired"


@pytest.mark.parametrize("authorization", [None, "", "Basic YTpi", "Bearer", "Bearer ", "Bearer a b", "token"])
async def test_without_a_bearer_token_nobody_gets_in(served: Served, authorization: str | None) -> None:
    """H20, pitfall K11"""
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = await served.ask("GET", "/v1/users/me", headers=headers)
    assert (answer.status, answer.code) == (401, "unauthenticated")
    assert answer.headers["www-authenticate"] == 'Bearer realm="taskmesh"'


async def test_two_tokens_are_none(served: Served, signer: Signer) -> None:
    """H20"""
    headers = [("Authorization", f"Bearer {signer.token()}"), ("Authorization", f"Bearer {signer.token()}")]
    answer = await served.ask("GET", "/v1/users/me", headers=headers)
    assert (answer.status, answer.code) in ((401, "unauthenticated"), (400, "malformed-request"))


async def test_a_bad_token_is_challenged(served: Served) -> None:
    """Pitfall K10"""
    answer = await served.ask("GET", "/v1/users/me", headers={"Authorization": "Bearer a.b.c"})
    assert (answer.status, answer.code) == (401, "invalid-token")
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


async def test_a_token_may_do_only_what_its_scopes_say(served: Served, signer: Signer) -> None:
    headers = {"Authorization": f"Bearer {signer.token(scope='tasks:read')}"}
    answer = await served.ask("GET", "/v1/users/me", headers=headers)
    assert (answer.status, answer.code) == (403, "insufficient-scope")
