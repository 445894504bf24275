"""Many receivers and one that is bad: it has a tenth of the senders, however many notifiers there are."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg
import pytest
from aiohttp import web
from uuid_utils.compat import uuid7

from chassis.background import Background
from chassis.database import Database, open_database
from chassis.sealing import OpeningKeys
from contracts.webhooks import SECRET_PURPOSE
from notifier.webhook_sender import Sender
from notifier.webhook_targets import Targets, parse_networks
from tests.conftest import Addresses, Keys
from tests.eventually import eventually

HERE = Targets(parse_networks(["127.0.0.0/8"]))
GOOD, EACH = 15, 4
TENTH = 2  # of the twenty senders that each notifier has


class Receivers:
    """`/bad` never answers, any other path does at once."""

    def __init__(self) -> None:
        self.url = ""
        self.hanging = 0
        self.most_hanging = 0
        self.taken: list[str] = []

    async def handle(self, request: web.Request) -> web.Response:
        if request.path != "/bad":
            self.taken.append(f"{request.path} {request.headers['webhook-id']}")
            return web.Response()
        self.hanging += 1
        self.most_hanging = max(self.most_hanging, self.hanging)
        await asyncio.Event().wait()
        raise AssertionError("nobody sets it")


@pytest.fixture
async def receivers() -> AsyncIterator[Receivers]:
    receivers = Receivers()
    app = web.Application()
    app.router.add_post("/{name}", receivers.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receivers.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield receivers
    await runner.cleanup()


@pytest.fixture
async def pool(addresses: Addresses) -> AsyncIterator[Database]:
    async with open_database(addresses.database_url("notifier"), application="tests", size=8) as pool:
        await eventually(pool.ping)
        yield pool


async def add_webhook(superuser: asyncpg.Connection, keys: Keys, url: str, *, due: int) -> UUID:
    webhook_id = uuid7()
    secret = OpeningKeys(keys.notifier).sealing_key.seal("whsec_" + "A" * 32, purpose=SECRET_PURPOSE)
    await superuser.execute(
        """
        INSERT INTO notifier.webhooks (id, owner_id, owner_username, url, description, event_types, event_patterns,
                                       enabled, secret_id, sealed_secret, version, created_at, updated_at)
        VALUES ($1, $1, 'ada', $2, '', '{*}', '{%}', true, $1, $3, 1, now(), now())
        """,
        webhook_id,
        url,
        secret,
    )
    await superuser.executemany(
        """
        INSERT INTO notifier.webhook_deliveries (id, webhook_id, event_id, type, body)
        VALUES ($1, $2, $1, 'tasks.task_created.v1', '{}')
        """,
        [(uuid7(), webhook_id) for _ in range(due)],
    )
    return webhook_id


@asynccontextmanager
async def sending(pool: Database, keys: Keys, notifiers: Iterable[int]) -> AsyncIterator[None]:
    async with Background() as background:
        for _ in notifiers:
            sender = Sender(pool, OpeningKeys(keys.notifier), HERE, user_agent="Taskmesh/test")
            background.start(sender.keep())
        yield


@pytest.mark.parametrize("notifiers", [1, 2])
async def test_a_receiver_that_never_answers_holds_up_nobody_else(
    notifiers: int, superuser: asyncpg.Connection, pool: Database, keys: Keys, receivers: Receivers
) -> None:
    bad = await add_webhook(superuser, keys, f"{receivers.url}/bad", due=100)
    for number in range(GOOD):
        await add_webhook(superuser, keys, f"{receivers.url}/good-{number}", due=EACH)
    async with sending(pool, keys, range(notifiers)):
        await eventually(lambda: len(receivers.taken) == GOOD * EACH and receivers.hanging == TENTH)
        assert len(set(receivers.taken)) == GOOD * EACH
        assert receivers.most_hanging == TENTH
        tried = await superuser.fetchval(
            "SELECT count(*) FROM notifier.webhook_deliveries WHERE webhook_id = $1 AND attempts > 0", bad
        )
    assert tried == TENTH


async def test_a_delivery_whose_secret_cannot_be_opened_says_so(
    superuser: asyncpg.Connection, pool: Database, keys: Keys, receivers: Receivers
) -> None:
    await add_webhook(superuser, keys, f"{receivers.url}/good", due=1)
    lost = OpeningKeys.generate()
    async with Background() as background:
        background.start(Sender(pool, OpeningKeys(lost), HERE, user_agent="Taskmesh/test").keep())
        outcome = await eventually(lambda: superuser.fetchval("SELECT outcome FROM notifier.webhook_attempts"))
    assert (outcome, receivers.taken) == ("secret lost", [])
