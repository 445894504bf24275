"""Rotation: what is signed before, during and after it is believed by whoever asks for the keys now and then."""

import asyncio
import os
import subprocess
import sys
from datetime import timedelta

import pytest
from asyncpg.pool import PoolConnectionProxy

from auth_worker.handlers.get_signing_keys import get_signing_keys
from auth_worker.signing_keys import SigningKeys, rotate
from chassis.database import Database
from chassis.sealing import OpeningKeys
from contracts.identity import GetSigningKeys
from ops.state import ROOT
from tests.conftest import Addresses, Keys
from tests.integration.auth_worker.conftest import KEY_LIFETIME
from tests.integration.handling import deliver


@pytest.fixture
async def signing_keys(pool: Database, opening_keys: OpeningKeys) -> SigningKeys:
    signing_keys = SigningKeys(opening_keys)
    await signing_keys.ensure(pool, lifetime=KEY_LIFETIME)
    return signing_keys


async def published(connection: PoolConnectionProxy) -> list[str]:
    found = await get_signing_keys(GetSigningKeys(), deliver(connection, None))
    return [key["kid"] for key in found.keys]


async def test_the_next_key_is_published_before_it_signs(
    connection: PoolConnectionProxy, signing_keys: SigningKeys, opening_keys: OpeningKeys
) -> None:
    current, following = await published(connection)
    assert (await signing_keys.current(connection)).kid == current
    assert await rotate(connection, opening_keys.sealing_key, force=True) == following
    assert (await signing_keys.current(connection)).kid == following
    now, fresh, before = await published(connection)
    assert (now, before) == (following, current)
    assert fresh not in (current, following)


@pytest.mark.usefixtures("signing_keys")
async def test_a_key_that_a_gateway_may_not_know_does_not_sign_yet(
    connection: PoolConnectionProxy, opening_keys: OpeningKeys
) -> None:
    before = await published(connection)
    assert await rotate(connection, opening_keys.sealing_key) is None
    assert await published(connection) == before
    await connection.execute("UPDATE signing_keys SET created_at = created_at - interval '7 minutes'")
    assert await rotate(connection, opening_keys.sealing_key) == before[1]


async def test_the_schedule_rotates_once_whatever_the_number_of_replicas(
    connection: PoolConnectionProxy, pool: Database, signing_keys: SigningKeys, opening_keys: OpeningKeys
) -> None:
    current, following = await published(connection)
    async with pool.acquire() as other:
        await other.execute(
            "UPDATE signing_keys SET activated_at = now() - interval '31 days' WHERE activated_at < now()"
        )
    await asyncio.gather(*(SigningKeys(opening_keys).ensure(pool, lifetime=KEY_LIFETIME) for _ in range(4)))
    assert (await published(connection))[::2] == [following, current]
    assert (await signing_keys.current(connection)).kid == following


async def test_a_retired_key_goes_once_nothing_of_it_can_be_good(
    connection: PoolConnectionProxy, pool: Database, signing_keys: SigningKeys, opening_keys: OpeningKeys
) -> None:
    async with pool.acquire() as other, other.transaction():
        retired = await signing_keys.current(other)
        await rotate(other, opening_keys.sealing_key, force=True)
    assert retired.kid in await published(connection)
    async with pool.acquire() as other:
        await other.execute(
            "UPDATE signing_keys SET retired_at = now() - interval '21 minutes' WHERE retired_at < now()"
        )
    await signing_keys.ensure(pool, lifetime=timedelta(days=30))
    assert retired.kid not in await published(connection)
    assert len(await published(connection)) == 2


async def test_an_operator_rotates_by_a_command(
    pool: Database, signing_keys: SigningKeys, addresses: Addresses, keys: Keys
) -> None:
    async with pool.acquire() as connection:
        _, following = await published(connection)
    environment = {
        **os.environ,
        "AMQP_URL": addresses.amqp_url("auth_worker"),
        "DATABASE_URL": addresses.database_url("auth_worker"),
        "SEALING_KEYS": keys.auth_worker,
        "NOTIFIER_SEALING_KEY": keys.notifier_sealing_key,
    }
    command = [sys.executable, "-m", "ops", "keys", "rotate"]
    hasty = await asyncio.to_thread(
        subprocess.run, command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert (hasty.returncode, "--force" in hasty.stderr) == (1, True)
    forced = await asyncio.to_thread(
        subprocess.run, [*command, "--force"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert forced.returncode == 0, forced.stderr
    assert f"{following} signs from now on." in forced.stdout
    async with pool.acquire() as connection:
        assert (await signing_keys.current(connection)).kid == following
