"""auth_worker's public keys: fetched at the start, every few minutes, and when a token names one that is not known."""

import asyncio
import time
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import structlog
import uuid_utils.compat as uuid
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from jwt import PyJWK
from jwt.exceptions import InvalidKeyError, PyJWKError

from chassis.errors import Refusal, Unavailable
from chassis.requests import Requests, Sender
from contracts.access_token import ALGORITHM
from contracts.identity import GetSigningKeys
from contracts.problems import SERVICE_UNAVAILABLE
from gateway.tokens import PublicKeys, Verifier

log = structlog.get_logger()

_REFRESH_EVERY = 300.0  # seconds
_RETRY_EVERY = 0.5  # seconds
_UNKNOWN_KEY_EVERY = 5.0  # seconds
_BUDGET = timedelta(seconds=2)


class Keys:
    def __init__(self, requests: Requests, verifier: Verifier) -> None:
        self._requests = requests
        self._verifier = verifier
        self._by_id: PublicKeys = {}
        self._fetched_at = float("-inf")
        self._fetching = asyncio.Lock()
        self._failing = False
        self.document: tuple[dict[str, Any], ...] = ()

    @property
    def loaded(self) -> bool:
        return bool(self._by_id)

    async def keep(self) -> None:
        while True:
            await self._requests.wait_ready()
            fetched = await self._fetch()
            await asyncio.sleep(_REFRESH_EVERY if fetched else _RETRY_EVERY)

    async def find(self, kid: str) -> EllipticCurvePublicKey | None:
        if kid not in self._by_id:
            async with self._fetching:
                if kid not in self._by_id and time.monotonic() - self._fetched_at > _UNKNOWN_KEY_EVERY:
                    await self._fetch()
        if not self._by_id:
            raise Unavailable(SERVICE_UNAVAILABLE, "there is no key yet to verify a token with")
        return self._by_id.get(kid)

    async def _fetch(self) -> bool:
        self._fetched_at = time.monotonic()
        try:
            replied = await self._requests.ask(
                GetSigningKeys(), Sender(message_id=uuid.uuid7(), actor=None, budget=_BUDGET)
            )
        except (Refusal, Unavailable) as error:
            if not self._failing:
                log.warning("signing keys not fetched", reason=str(error))
            self._failing = True
            return False
        self._failing = False
        return self.learn(replied.value.keys)

    def learn(self, jwks: Iterable[dict[str, Any]]) -> bool:
        """These and no others from now on."""
        document = tuple(jwks)
        found = {kid: key for jwk in document if (kid := _kid(jwk)) and (key := _parse(jwk))}
        if found.keys() != self._by_id.keys():
            log.info("signing keys changed", kids=sorted(found))
            self._verifier.forget_all()
        self._by_id = found
        self.document = tuple(jwk for jwk in document if jwk.get("kid") in found)
        return bool(found)


def _kid(jwk: dict[str, Any]) -> str | None:
    kid = jwk.get("kid")
    return kid if isinstance(kid, str) and kid else None


def _parse(jwk: dict[str, Any]) -> EllipticCurvePublicKey | None:
    try:
        key = PyJWK(jwk, algorithm=ALGORITHM).key
    except (PyJWKError, InvalidKeyError) as error:
        log.warning("signing key not understood", kid=jwk.get("kid"), error=type(error).__name__)
        return None
    return key if isinstance(key, EllipticCurvePublicKey) else None
