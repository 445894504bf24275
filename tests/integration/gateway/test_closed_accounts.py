"""Where the names of somebody who closed his account stand, in every column of every table of every service."""

from datetime import timedelta
from typing import Any

import asyncpg
import orjson
import pytest

from chassis.database import open_database
from chassis.duties import Duties
from chassis.erasure import Eraser
from contracts.catalogue import EVENTS
from notifier.audit import verify
from notifier.forgetting import erase_activity
from notifier.sealer import Sealer
from ops.migrate import WORKERS
from task_worker.duties import DUTIES
from tests.conftest import Addresses
from tests.eventually import eventually
from tests.integration.gateway.conftest import ADA, Newcomer
from tests.integration.gateway.event_reader import read_events
from tests.unit.gateway.serving import Answer, Served

NAME = "Zanzibar-7"
DISPLAY_NAME = 'Quetzal "Q" Überall'
NEEDLES = ["%zanzibar%", "%quetzal%", f"%{b'Zanzibar'.hex()}%", f"%{b'Quetzal'.hex()}%"]
"""A row as text has its bytes in hexadecimal."""

TYPES = {event.wire_name: event for event in EVENTS}

FOR_EVER = {"auth.event_log", "tasks.event_log", "notifier.event_log", "notifier.activity", "notifier.notifications"}
FOR_DAYS = {
    "auth.inbox",  # what commands were answered, for 72 hours
    "tasks.inbox",
    "notifier.mails",  # mails to him that are not sent, for 30 days; here no server takes them
    "notifier.webhook_deliveries",  # what the webhooks of others are told, for 30 days
}


async def ask(served: Served, who: dict[str, str], method: str, path: str, body: Any, status: int = 200) -> Answer:
    answer = await served.ask(method, path, json=body, headers=who)
    assert answer.status == status, (path, answer.body)
    return answer


async def names_stand_in(superuser: asyncpg.Connection) -> set[str]:
    tables = await superuser.fetch(
        "SELECT schemaname || '.' || tablename AS name FROM pg_tables WHERE schemaname = ANY ($1)",
        [worker.schema for worker in WORKERS],
    )
    count = "SELECT count(*) FROM {} AS t WHERE lower(t::text) LIKE ANY ($1)"
    return {name for (name,) in tables if await superuser.fetchval(count.format(name), NEEDLES)}


async def all_is_told(superuser: asyncpg.Connection) -> bool:
    told: bool = await superuser.fetchval(
        """
        SELECT (SELECT count(*) FROM notifier.event_inbox WHERE consumer = 'notifier.activity') = count(*)
          FROM (SELECT event_id FROM auth.event_log
                UNION SELECT event_id FROM tasks.event_log
                UNION SELECT event_id FROM notifier.event_log) AS happened
        """
    )
    return told


@pytest.fixture
async def path(served: Served, newcomer: Newcomer, ada: dict[str, str]) -> str:
    """Of a task of ada's that he worked on, before he closed his account."""
    him = await newcomer(NAME)
    await ask(served, {}, "POST", "/v1/auth/login", {"username": NAME, "password": "wrong"}, 401)
    for name in (DISPLAY_NAME, DISPLAY_NAME + "!"):
        await ask(served, him, "PATCH", "/v1/users/me", {"display_name": name})
    await ask(served, him, "PATCH", "/v1/notifications/preferences", {"email_enabled": False})
    for who in (ada, him):
        await ask(served, who, "POST", "/v1/webhooks", {"url": "http://127.0.0.1:9/", "event_types": ["*"]}, 201)
    his = (await ask(served, him, "POST", "/v1/tasks", {"title": "His"}, 201)).headers["location"]
    await ask(served, him, "POST", f"{his}/share", {"shared_with_username": "ada"}, 201)
    path = (await ask(served, ada, "POST", "/v1/tasks", {"title": "Hers"}, 201)).headers["location"]
    await ask(served, ada, "POST", f"{path}/share", {"shared_with_username": NAME}, 201)
    await ask(served, ada, "PUT", f"{path}/share/{NAME}", {"permission": "edit"})
    await ask(served, him, "POST", f"{path}/comments", {"content": "Mine."}, 201)
    await ask(served, him, "PATCH", path, {"status": "completed"})
    await ask(served, him, "DELETE", "/v1/users/me", {"password": ADA["password"]}, 204)
    return path


async def let_him_go(addresses: Addresses, superuser: asyncpg.Connection) -> None:
    """What the workers do within ten minutes."""
    await eventually(lambda: superuser.fetchval("SELECT count(*) = 1 FROM tasks.closed_accounts"))
    await eventually(lambda: superuser.fetchval("SELECT count(*) = 1 FROM notifier.erasures"))
    connection = await asyncpg.connect(addresses.database_url("task_worker"))
    duties = Duties("", (), service="task_worker", committed=lambda: None)
    by_name = {duty.name: duty for duty in DUTIES}
    for name in ("forget_people", "purge_deleted"):
        while await duties._perform(by_name[name], connection):
            pass
    await connection.close()
    await eventually(lambda: all_is_told(superuser))
    await eventually(lambda: superuser.fetchval("SELECT count(*) = 0 FROM auth.outbox"))


async def let_an_hour_pass(addresses: Addresses, superuser: asyncpg.Connection) -> None:
    for worker in WORKERS:
        await superuser.execute(f"UPDATE {worker.schema}.erasures SET asked_at = now() - interval '61 minutes'")
        url = addresses.database_url(worker.role)
        async with open_database(url, application="test", size=1) as database:
            more = [erase_activity] if worker.role == "notifier" else []
            assert await Eraser(database, *more)._erase_next(), worker
    async with open_database(addresses.database_url("notifier"), application="test", size=1) as database:
        await Sealer(database, every=timedelta(hours=1))._seal_next()


async def test_an_hour_later_his_names_stand_in_nothing_that_is_kept_for_ever(
    path: str, addresses: Addresses, superuser: asyncpg.Connection
) -> None:
    assert path
    await let_him_go(addresses, superuser)
    assert await names_stand_in(superuser) == FOR_EVER | FOR_DAYS
    await let_an_hour_pass(addresses, superuser)
    assert await names_stand_in(superuser) == FOR_DAYS
    found = await verify(addresses.superuser_url)
    assert (found.problems, found.erased > 10) == ([], True)
    rows = await superuser.fetch("SELECT type, data FROM notifier.activity")
    for row in rows:
        TYPES[row["type"]].model_validate_json(row["data"])
    different = await superuser.fetchval(
        """
        SELECT count(*)
          FROM (SELECT event_id, data FROM auth.event_log
                UNION ALL SELECT event_id, data FROM tasks.event_log
                UNION ALL SELECT event_id, data FROM notifier.event_log) e
          JOIN notifier.activity a USING (event_id)
         WHERE e.data::text <> a.data::text
        """
    )
    assert different == 0


async def test_who_knew_him_still_reads_what_he_did(
    served: Served, ada: dict[str, str], path: str, addresses: Addresses, superuser: asyncpg.Connection
) -> None:
    """Timeline, activity, notifications, and the feed both ways."""
    await let_him_go(addresses, superuser)
    await let_an_hour_pass(addresses, superuser)
    task_id = path.rpartition("/")[2]
    timeline = (await ask(served, ada, "GET", f"/v1/activity/tasks/{task_id}", None)).json["items"]
    assert [(each["actor"] and each["actor"]["username"], each["summary"]) for each in timeline] == [
        ("ada", "Created “Hers”"),
        ("ada", "Shared “Hers” with deleted"),
        ("ada", "Let deleted edit “Hers”"),
        ("deleted", "Commented on “Hers”"),
        ("deleted", "Completed “Hers”"),
        (None, "“Hers” is no longer shared with deleted"),
    ]
    visible = await ask(served, ada, "GET", "/v1/activity?scope=visible", None)
    inbox = await ask(served, ada, "GET", "/v1/notifications", None)
    pulled = await ask(served, ada, "GET", "/v1/events?types=tasks.*", None)
    assert {each["actor"]["username"] for each in inbox.json["items"] if each["actor"]} == {"deleted"}
    assert [event["data"]["share"]["user"]["username"] for event in pulled.json["items"] if "share" in event["data"]]
    async with read_events(served, "?types=tasks.*", **ada | {"Last-Event-ID": "0"}) as events:
        streamed = [orjson.loads(frame.data) for frame in await events.take(len(pulled.json["items"]))]
    assert [event["id"] for event in streamed] == [event["id"] for event in pulled.json["items"]]
    for shown in (visible.body, inbox.body, pulled.body, orjson.dumps(streamed)):
        assert b"zanzibar" not in shown.lower()
