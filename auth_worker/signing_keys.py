"""The keys that sign access tokens: kept in the database, sealed to this service, shared by its replicas."""

import asyncio
import base64
import hashlib
import json
from datetime import timedelta
from typing import Any

import asyncpg
import structlog
from asyncpg.pool import PoolConnectionProxy
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from auth_worker.store import signing_keys as store
from auth_worker.tokens import SigningKey
from chassis.database import Database
from chassis.errors import Unavailable
from chassis.sealing import OpeningKeys, SealingKey
from contracts.access_token import ALGORITHM
from contracts.problems import SERVICE_UNAVAILABLE

log = structlog.get_logger()

_PURPOSE = "signing key"
_RETRY_EVERY = 0.3  # seconds
_LOOK_EVERY = 60.0  # seconds
_RETIREMENT = timedelta(minutes=20)
"""Longer than any access token is good for."""
PUBLISHED_BEFORE = timedelta(minutes=6)
"""Every gateway has asked for the keys again by then."""


def _base64url(number: int) -> str:
    return base64.urlsafe_b64encode(number.to_bytes(32)).rstrip(b"=").decode()


def _thumbprint(jwk: dict[str, Any]) -> str:
    """RFC 7638."""
    members = json.dumps({name: jwk[name] for name in ("crv", "kty", "x", "y")}, separators=(",", ":"))
    return base64.urlsafe_b64encode(hashlib.sha256(members.encode()).digest()).rstrip(b"=").decode()


class SigningKeys:
    def __init__(self, opening_keys: OpeningKeys) -> None:
        self._opening_keys = opening_keys
        self._opened: dict[str, SigningKey] = {}

    async def current(self, connection: PoolConnectionProxy) -> SigningKey:
        row = await store.find_current_signing_key(connection)
        if row is None:
            raise Unavailable(SERVICE_UNAVAILABLE, "there is no signing key yet")
        kid, sealed = row
        if kid not in self._opened:
            pem = self._opening_keys.open(sealed, purpose=_PURPOSE)
            private = load_pem_private_key(pem.encode(), password=None)
            if not isinstance(private, ec.EllipticCurvePrivateKey):
                raise TypeError(f"signing key {kid} is not an elliptic curve key")
            self._opened[kid] = SigningKey(kid, private)
        return self._opened[kid]

    async def keep(self, database: Database, *, lifetime: timedelta) -> None:
        """Rotates on schedule. Of several replicas one does."""
        while True:
            await self.ensure(database, lifetime=lifetime)
            await asyncio.sleep(_LOOK_EVERY)

    async def ensure(self, database: Database, *, lifetime: timedelta) -> None:
        """Makes what is missing, as soon as the database is there."""
        while True:
            try:
                async with database.acquire() as connection, connection.transaction():
                    await _maintain(connection, self._opening_keys.sealing_key, lifetime=lifetime)
            except (Unavailable, asyncpg.PostgresError) as error:
                log.info("signing keys postponed", reason=str(error))
                await asyncio.sleep(_RETRY_EVERY)
            else:
                return


async def _maintain(connection: PoolConnectionProxy, sealing_key: SealingKey, *, lifetime: timedelta) -> None:
    await store.lock_signing_keys(connection)
    age = await store.find_age_of_current_key(connection)
    if age is None or age >= lifetime:
        await _replace(connection, sealing_key)
    elif await store.find_age_of_next_key(connection) is None:
        await _add(connection, sealing_key)
    await store.delete_retired_keys(connection, after=_RETIREMENT)


async def rotate(connection: PoolConnectionProxy, sealing_key: SealingKey, *, force: bool = False) -> str | None:
    """The new current key's id. None where the next key is so new that a gateway may not know it yet."""
    await store.lock_signing_keys(connection)
    published = await store.find_age_of_next_key(connection)
    if not force and published is not None and published < PUBLISHED_BEFORE:
        return None
    await _replace(connection, sealing_key)
    await store.delete_retired_keys(connection, after=_RETIREMENT)
    current = await store.find_current_signing_key(connection)
    return current[0] if current else None


async def _replace(connection: PoolConnectionProxy, sealing_key: SealingKey) -> None:
    if await store.find_age_of_next_key(connection) is None:
        await _add(connection, sealing_key)
    await store.retire_current_key(connection)
    await store.activate_next_key(connection)
    await _add(connection, sealing_key)


async def _add(connection: PoolConnectionProxy, sealing_key: SealingKey) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    numbers = private.public_key().public_numbers()
    jwk = {"kty": "EC", "crv": "P-256", "x": _base64url(numbers.x), "y": _base64url(numbers.y)}
    kid = _thumbprint(jwk)
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    await store.insert_signing_key(
        connection,
        kid=kid,
        sealed_private_key=sealing_key.seal(pem, purpose=_PURPOSE),
        public_jwk={**jwk, "kid": kid, "use": "sig", "alg": ALGORITHM},
    )
    log.info("signing key made", kid=kid)
