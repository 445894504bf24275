from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asyncpg.pool import PoolConnectionProxy
from uuid_utils.compat import uuid7

from chassis.cloudevents import CloudEvent
from contracts.message import Actor
from task_worker.handlers.follow_people import follow_people
from tests.integration.handling import deliver, only_row


def event(type_: str, sequence: int, data: dict[str, Any]) -> CloudEvent:
    return CloudEvent(
        id=uuid7(), type=type_, subject="user/x", time=datetime.now(UTC), sequence=sequence, data=data, body=""
    )


def preferences(person: Actor, sequence: int, timezone: str, lead: int) -> CloudEvent:
    data = {
        "actor": {"id": str(person.id), "username": person.username},
        "preferences": {"quiet_hours": {"timezone": timezone}, "due_soon_lead_minutes": lead},
    }
    return event("notifier.preferences_updated.v1", sequence, data)


async def calendar(connection: PoolConnectionProxy) -> tuple[str, timedelta]:
    row = await only_row(connection, "SELECT timezone, due_soon_lead FROM calendars")
    return row["timezone"], row["due_soon_lead"]


async def test_the_newest_preferences_count_in_whatever_order_they_come(
    connection: PoolConnectionProxy, ada: Actor
) -> None:
    newest = preferences(ada, 3, "Europe/Prague", 60)
    for each in (preferences(ada, 2, "Asia/Tokyo", 30), newest, preferences(ada, 1, "UTC", 10), newest):
        assert await follow_people(each, deliver(connection, None)) == ()
    assert await calendar(connection) == ("Europe/Prague", timedelta(hours=1))


@pytest.mark.parametrize("timezone", ["Mars/Olympus", ""])
async def test_a_time_zone_that_is_none_is_utc(connection: PoolConnectionProxy, ada: Actor, timezone: str) -> None:
    await follow_people(preferences(ada, 1, timezone, 60), deliver(connection, None))
    assert await calendar(connection) == ("UTC", timedelta(hours=1))


async def test_a_closed_account_is_noted_once(connection: PoolConnectionProxy, grace: Actor) -> None:
    closed = event("auth.user_deleted.v1", 2, {"user": {"id": str(grace.id), "username": "grace"}})
    for _ in range(2):
        await follow_people(closed, deliver(connection, None))
    assert await connection.fetchval("SELECT array_agg(person_id) FROM closed_accounts") == [grace.id]


async def test_what_else_happens_changes_nothing(connection: PoolConnectionProxy) -> None:
    assert await follow_people(event("auth.logged_in.v1", 1, {}), deliver(connection, None)) == ()
    assert await connection.fetchval("SELECT count(*) FROM calendars") == 0
    assert await connection.fetchval("SELECT count(*) FROM closed_accounts") == 0
