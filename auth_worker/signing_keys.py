"""The keys that sign access tokens: kept in the database, sealed to this service, shared by its replicas."""

import asyncio
import base64
import hashlib
import json
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

from auth_worker import store
from auth_worker.tokens import SigningKey
from chassis.database import Database
from chassis.errors import Unavailable
from chassis.sealing import OpeningKeys
from contracts.access_token import ALGORITHM
from contracts.problems import SERVICE_UNAVAILABLE

log = structlog.get_logger()

_PURPOSE = "signing key"


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

    async def ensure_one(self, database: Database) -> None:
        """Makes the first key, as soon as the database is there. Of several replicas one does."""
        while True:
            try:
                async with database.acquire() as connection, connection.transaction():
                    if await store.lock_signing_keys(connection) == 0:
                        await self._add(connection)
            except (Unavailable, asyncpg.PostgresError) as error:
                log.info("signing key postponed", reason=str(error))
                await asyncio.sleep(0.3)
            else:
                return

    async def _add(self, connection: PoolConnectionProxy) -> None:
        private = ec.generate_private_key(ec.SECP256R1())
        numbers = private.public_key().public_numbers()
        jwk = {"kty": "EC", "crv": "P-256", "x": _base64url(numbers.x), "y": _base64url(numbers.y)}
        kid = _thumbprint(jwk)
        pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        await store.insert_signing_key(
            connection,
            kid=kid,
            sealed_private_key=self._opening_keys.sealing_key.seal(pem, purpose=_PURPOSE),
            public_jwk={**jwk, "kid": kid, "use": "sig", "alg": ALGORITHM},
        )
        log.info("signing key made", kid=kid)
