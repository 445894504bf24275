"""What other services tell of people, in any order and more than once."""

from datetime import UTC, datetime, timedelta
from typing import Any

from asyncpg.pool import PoolConnectionProxy
from uuid_utils.compat import uuid7

from chassis.cloudevents import CloudEvent
from contracts.message import Actor
from task_worker.handlers.follow_people import follow_people
from tests.integration.handling import deliver, only_row

CALENDAR = "SELECT timezone, due_soon_lead, version FROM calendars"


def event(kind: str, sequence: int, data: dict[str, Any]) -> CloudEvent:
    return CloudEvent(
        id=uuid7(), type=kind, subject="user/1", time=datetime.now(UTC), sequence=sequence, data=data, body=""
    )


def preferences(actor: Actor, sequence: int, zone: str, lead: int) -> CloudEvent:
    data = {
        "actor": {"id": str(actor.id), "username": actor.username},
        "preferences": {"quiet_hours": {"timezone": zone}, "due_soon_lead_minutes": lead},
    }
    return event("notifier.preferences_updated.v1", sequence, data)


async def test_an_older_event_that_comes_later_changes_nothing(connection: PoolConnectionProxy, ada: Actor) -> None:
    """A22"""
    newest = {"timezone": "Asia/Tokyo", "due_soon_lead": timedelta(hours=1), "version": 3}
    for change in (
        preferences(ada, 1, "Europe/Berlin", 30),
        preferences(ada, 3, "Asia/Tokyo", 60),
        preferences(ada, 2, "America/Lima", 90),
        preferences(ada, 3, "America/Lima", 90),
    ):
        await follow_people(change, deliver(connection, None))
    assert await only_row(connection, CALENDAR) == newest


async def test_preferences_without_quiet_hours_are_of_the_world(connection: PoolConnectionProxy, ada: Actor) -> None:
    change = event("notifier.preferences_updated.v1", 1, {"actor": {"id": str(ada.id)}, "preferences": {}})
    await follow_people(change, deliver(connection, None))
    expected = {"timezone": "UTC", "due_soon_lead": timedelta(days=1), "version": 1}
    assert await only_row(connection, CALENDAR) == expected


async def test_who_had_no_task_is_closed_all_the_same(connection: PoolConnectionProxy, ada: Actor) -> None:
    """A23"""
    closed = event("auth.user_deleted.v1", 2, {"user": {"id": str(ada.id), "username": "ada"}})
    for _ in range(2):
        assert await follow_people(closed, deliver(connection, None)) == ()
    assert await only_row(connection, "SELECT person_id FROM closed_accounts") == {"person_id": ada.id}
