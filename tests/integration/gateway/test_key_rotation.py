import asyncio

from auth_worker.signing_keys import rotate
from chassis.sealing import OpeningKeys
from chassis.worker import Worker
from tests.conftest import Keys
from tests.integration.gateway.conftest import bearer, log_in
from tests.unit.gateway.serving import Served


async def test_no_request_fails_while_the_key_is_another(
    served: Served, ada: dict[str, str], running_auth_worker: Worker, keys: Keys
) -> None:
    rotated = asyncio.Event()

    async def visit() -> int:
        """How often somebody logged in and was believed; to the end with a token from before."""
        visits = 0
        while not rotated.is_set() or visits == 0:
            fresh = bearer(await log_in(served))
            for headers in (fresh, ada):
                assert (await served.ask("GET", "/v1/users/me", headers=headers)).status == 200
            visits += 1
        return visits

    visitors = [asyncio.create_task(visit()) for _ in range(4)]
    before = (await served.ask("GET", "/.well-known/jwks.json")).json["keys"]
    async with running_auth_worker.database.acquire() as connection, connection.transaction():
        kid = await rotate(connection, OpeningKeys(keys.auth_worker).sealing_key, force=True)
    fresh = bearer(await log_in(served))
    assert (await served.ask("GET", "/v1/users/me", headers=fresh)).status == 200
    rotated.set()
    assert all(await asyncio.gather(*visitors))
    assert [key["kid"] for key in before][1] == kid
