"""What is kept for thirty days, and what is told to who comes later."""

import json
from typing import Any

import asyncpg
import pytest
from uuid_utils.compat import uuid7

from chassis import inbox
from chassis.background import Background
from chassis.database import open_database
from notifier.settings import Settings
from notifier.sweeper import Sweeper
from tests.conftest import Addresses
from tests.eventually import eventually
from tests.integration.gateway.event_reader import read_events
from tests.integration.gateway.test_events import create, pull_all
from tests.unit.gateway.serving import Served

KEPT = Settings.model_fields["feed_kept"].default


@pytest.fixture
async def events(
    served: Served, ada: dict[str, str], superuser: asyncpg.Connection, addresses: Addresses
) -> list[dict[str, Any]]:
    """Four, of which the first two are older than the feed, once the sweeper has been there."""
    for number in range(4):
        await create(served, ada, f"task {number}")
    events = await pull_all(served, ada, 4)
    await superuser.execute(
        """
        UPDATE notifier.activity
           SET created_at = created_at - CASE WHEN position <= $1 THEN interval '30 days 1 minute'
                                              ELSE interval '29 days 23 hours' END
        """,
        int(events[1]["position"]),
    )
    async with (
        open_database(addresses.database_url("notifier"), application="tests", size=1) as database,
        Background() as background,
    ):
        background.start(Sweeper(database, feed_kept=KEPT).keep())
        swept = "SELECT expired_through = $1 FROM notifier.feed_state"
        await eventually(lambda: superuser.fetchval(swept, int(events[1]["position"])))
    return events


async def test_a_cursor_that_is_older_than_the_feed_is_told_so(
    served: Served, ada: dict[str, str], events: list[dict[str, Any]]
) -> None:
    expired = await served.ask("GET", f"/v1/events?types=tasks.*&after={events[0]['position']}", headers=ada)
    assert (expired.status, expired.code, expired.json["snapshot"]) == (410, "cursor-expired", "/v1/tasks")
    last_expired = await served.ask("GET", f"/v1/events?types=tasks.*&after={events[1]['position']}", headers=ada)
    assert [event["id"] for event in last_expired.json["items"]] == [event["id"] for event in events[2:]]
    oldest = await served.ask("GET", "/v1/events?types=tasks.*", headers=ada)
    assert oldest.json["items"] == last_expired.json["items"]


async def test_a_stream_from_an_expired_position_starts_over_and_goes_on(
    served: Served, ada: dict[str, str], events: list[dict[str, Any]]
) -> None:
    async with read_events(served, "?types=tasks.*", **ada, **{"Last-Event-ID": events[0]["position"]}) as reader:
        [reset] = await reader.take(1)
        assert (reset.event, json.loads(reset.data)) == ("reset", {"snapshot": "/v1/tasks"})
        task = await create(served, ada, "after the reset")
        [frame] = await reader.take(1)
    assert json.loads(frame.data)["data"]["task"]["id"] == task["id"]


@pytest.mark.usefixtures("events")
async def test_activity_stays_when_the_feed_forgets(served: Served, ada: dict[str, str]) -> None:
    listed = await served.ask("GET", "/v1/activity?resource_type=task", headers=ada)
    assert len(listed.json["items"]) == 4


async def test_a_deleted_task_has_a_timeline_for_thirty_days(
    served: Served, ada: dict[str, str], superuser: asyncpg.Connection
) -> None:
    task = await create(served, ada, "short-lived")
    path = f"/v1/activity/tasks/{task['id']}"
    assert (await served.ask("DELETE", f"/v1/tasks/{task['id']}", headers=ada)).status == 204
    await pull_all(served, ada, 2)

    async def status_after(age: str) -> int:
        await superuser.execute(f"UPDATE notifier.task_audiences SET deleted_at = now() - interval '{age}'")
        return (await served.ask("GET", path, headers=ada)).status

    assert await status_after("29 days 23 hours") == 200
    assert await status_after("30 days 1 minute") == 404


async def test_what_is_swept_besides_the_feed(
    served: Served, ada: dict[str, str], superuser: asyncpg.Connection, addresses: Addresses
) -> None:
    webhook = {"url": "http://127.0.0.1:9/", "event_types": ["tasks.*"]}
    assert (await served.ask("POST", "/v1/webhooks", json=webhook, headers=ada)).status == 201
    for title in ("old", "new"):
        await create(served, ada, title)
    await eventually(lambda: superuser.fetchval("SELECT count(*) = 2 FROM notifier.webhook_deliveries"))
    old, new = uuid7(), uuid7()
    await superuser.execute(
        """
        UPDATE notifier.webhook_deliveries
           SET created_at = now() - interval '30 days 1 minute'
         WHERE body LIKE '%"old"%'
        """
    )
    await superuser.executemany(
        "INSERT INTO notifier.redeemed_tickets (ticket_id, redeemed_at) VALUES ($1, now() - $2::text::interval)",
        [(old, "61 minutes"), (new, "59 minutes")],
    )
    await superuser.executemany(
        "INSERT INTO notifier.event_inbox (consumer, event_id, taken_at) VALUES ('t', $1, now() - $2::text::interval)",
        [(old, "30 days 1 minute"), (new, "29 days 23 hours")],
    )
    async with open_database(addresses.database_url("notifier"), application="tests", size=2) as database:
        await eventually(database.ping)
        async with Background() as background, database.acquire() as connection:
            background.start(Sweeper(database, feed_kept=KEPT).keep())
            await inbox.forget_expired(connection)
            await eventually(lambda: superuser.fetchval("SELECT count(*) = 1 FROM notifier.webhook_deliveries"))
    assert '"new"' in await superuser.fetchval("SELECT body FROM notifier.webhook_deliveries")
    assert await superuser.fetchval("SELECT ticket_id FROM notifier.redeemed_tickets") == new
    assert await superuser.fetchval("SELECT event_id FROM notifier.event_inbox WHERE consumer = 't'") == new
