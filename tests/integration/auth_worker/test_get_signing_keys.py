import asyncio

import jwt
from asyncpg.pool import PoolConnectionProxy

from auth_worker.handlers.get_signing_keys import get_signing_keys
from auth_worker.signing_keys import SigningKeys
from chassis.database import Database
from chassis.sealing import OpeningKeys
from contracts.access_token import ALGORITHM
from contracts.identity import GetSigningKeys
from contracts.identity import SigningKeys as PublicKeys
from tests.integration.auth_worker.conftest import KEY_LIFETIME
from tests.integration.handling import deliver


async def test_before_there_is_a_key_the_list_is_empty(connection: PoolConnectionProxy) -> None:
    assert await get_signing_keys(GetSigningKeys(), deliver(connection, None)) == PublicKeys(keys=())


async def test_what_is_published_believes_what_was_signed(
    connection: PoolConnectionProxy, pool: Database, opening_keys: OpeningKeys
) -> None:
    signing_keys = SigningKeys(opening_keys)
    await signing_keys.ensure(pool, lifetime=KEY_LIFETIME)
    key = await signing_keys.current(connection)
    published, _ = (await get_signing_keys(GetSigningKeys(), deliver(connection, None))).keys
    token = jwt.encode({"sub": "ada"}, key.private, algorithm=ALGORITHM)
    assert jwt.decode(token, jwt.PyJWK(published), algorithms=[ALGORITHM]) == {"sub": "ada"}
    assert {name: published[name] for name in ("kty", "crv", "use", "alg", "kid")} == {
        "kty": "EC",
        "crv": "P-256",
        "use": "sig",
        "alg": "ES256",
        "kid": key.kid,
    }


async def test_the_private_half_is_neither_published_nor_readable_in_the_table(
    connection: PoolConnectionProxy, pool: Database, opening_keys: OpeningKeys
) -> None:
    await SigningKeys(opening_keys).ensure(pool, lifetime=KEY_LIFETIME)
    published, _ = (await get_signing_keys(GetSigningKeys(), deliver(connection, None))).keys
    assert set(published) == {"kty", "crv", "x", "y", "kid", "use", "alg"}
    assert "PRIVATE KEY" not in await connection.fetchval(
        "SELECT string_agg(sealed_private_key, ' ') FROM signing_keys"
    )


async def test_of_several_replicas_one_makes_the_key(
    connection: PoolConnectionProxy, pool: Database, opening_keys: OpeningKeys
) -> None:
    replicas = [SigningKeys(opening_keys) for _ in range(4)]
    await asyncio.gather(*(replica.ensure(pool, lifetime=KEY_LIFETIME) for replica in replicas))
    assert len({(await replica.current(connection)).kid for replica in replicas}) == 1
    assert await connection.fetchval("SELECT count(*) FROM signing_keys") == 2
