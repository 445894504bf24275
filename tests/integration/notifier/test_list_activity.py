from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from asyncpg.pool import PoolConnectionProxy
from uuid_utils.compat import uuid7

from chassis.cloudevents import CloudEvent
from chassis.errors import Refusal
from contracts.feed import FeedEvent
from contracts.message import Actor
from contracts.notices import ActivityEntry, ActivityPage, ListActivity
from contracts.people import Person
from contracts.problems import UNAUTHENTICATED
from notifier.activity import Activity
from notifier.handlers.list_activity import list_activity
from notifier.store import intake
from tests.integration.handling import deliver

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
TASK_ID = UUID(int=2)


async def record(
    connection: PoolConnectionProxy, actor: Actor | None, minute: int = 0, **changes: Any
) -> ActivityEntry:
    written = {
        "id": uuid7(),
        "event_id": uuid7(),
        "actor": Person(id=actor.id, username=actor.username) if actor else None,
        "action": "created",
        "resource_type": "task",
        "resource_id": TASK_ID,
        "task_id": TASK_ID,
        "changes": {},
        "summary": "Created “Water the plants”",
        "created_at": NOON + timedelta(minutes=minute),
        **changes,
    }
    event = CloudEvent(written["event_id"], "tasks.task_created.v1", "task/1", NOON, 1, {}, "{}")
    known = await intake.look_up(connection, event_ids=(), task_ids=())
    place = FeedEvent(
        position=known.last_position + 1, id=event.id, type=event.type, task_id=TASK_ID, readers=(), text=""
    )
    entry = intake.Entry(event, Activity(**written), place)
    assert await intake.take_in(connection, known, [entry], audiences={}, lost=())
    return ActivityEntry(**written)


async def test_a_person_sees_what_he_did_newest_first(connection: PoolConnectionProxy, ada: Actor) -> None:
    first = await record(connection, ada, 0, changes={"title": {"old": None, "new": "Ž"}})
    await record(connection, Actor(id=uuid7(), username="grace"), 1)
    await record(connection, None, 1)
    second = await record(connection, ada, 2, task_id=None, resource_type="user")
    assert await list_activity(ListActivity(), deliver(connection, ada)) == ActivityPage(
        items=(second, first), next=None
    )


async def test_a_page_ends_where_the_next_begins(connection: PoolConnectionProxy, ada: Actor) -> None:
    entries = [await record(connection, ada, minute // 2) for minute in range(5)]
    entries.sort(key=lambda entry: (entry.created_at, entry.id), reverse=True)
    pages, after = [], None
    for _ in range(3):
        page = await list_activity(ListActivity(limit=2, after=after), deliver(connection, ada))
        pages.append(list(page.items))
        after = page.next
    assert pages == [entries[:2], entries[2:4], entries[4:]]
    assert after is None


@pytest.mark.parametrize(
    ("filters", "minutes"),
    [
        ({"action": ("created",)}, [0]),
        ({"action": ("created", "logged_in")}, [2, 0]),
        ({"resource_type": ("task",)}, [1, 0]),
        ({"resource_type": ("task", "user")}, [2, 1, 0]),
        ({"task_id": TASK_ID}, [1, 0]),
        ({"task_id": UUID(int=7)}, []),
        ({"start": NOON + timedelta(minutes=1)}, [2, 1]),
        ({"end": NOON + timedelta(minutes=1)}, [0]),
        ({"start": NOON + timedelta(minutes=1), "end": NOON + timedelta(minutes=2)}, [1]),
        ({"action": ("updated",), "resource_type": ("user",)}, []),
    ],
)
async def test_a_filter_lets_through_what_it_names(
    connection: PoolConnectionProxy, ada: Actor, filters: dict[str, Any], minutes: list[int]
) -> None:
    await record(connection, ada, 0)
    await record(connection, ada, 1, action="updated")
    await record(connection, ada, 2, action="logged_in", resource_type="user", task_id=None)
    page = await list_activity(ListActivity(**filters), deliver(connection, ada))
    assert [int((entry.created_at - NOON).total_seconds() // 60) for entry in page.items] == minutes


async def test_who_has_not_logged_in_sees_nothing(connection: PoolConnectionProxy, ada: Actor) -> None:
    await record(connection, ada)
    with pytest.raises(Refusal) as refused:
        await list_activity(ListActivity(), deliver(connection, None))
    assert refused.value.problem.type == UNAUTHENTICATED
