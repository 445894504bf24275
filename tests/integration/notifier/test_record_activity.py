import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
import pytest
from asyncpg.pool import PoolConnectionProxy
from uuid_utils.compat import uuid7

from chassis.cloudevents import CloudEvent
from chassis.errors import Unprocessable
from notifier.activity import activity_of
from notifier.handlers.record_activity import record_activity
from notifier.store import feed, intake
from tests.integration.handling import only_row

TIME = datetime(2026, 11, 25, 12, 0, 0, 123456, tzinfo=UTC)
ADA = {"id": str(UUID(int=1)), "username": "ada"}
TASK_ID = UUID(int=2)


def publish(type_: str, *, actor: dict[str, str] | None = ADA, changes: dict[str, Any] | None = None) -> CloudEvent:
    data = {
        "task": {"id": str(TASK_ID), "title": "Water the plants", "version": 2, "owner": ADA},
        "actor": actor,
        "changes": changes or {},
        "audience": [ADA["id"]],
    }
    body = orjson.dumps(data).decode()
    return CloudEvent(uuid7(), type_, f"task/{TASK_ID}", TIME, 2, data, body)


async def test_what_happened_is_written_down(connection: PoolConnectionProxy) -> None:
    event = publish("tasks.task_updated.v1", changes={"title": {"old": "a", "new": "Ž"}})
    [told] = await record_activity([event], connection)
    assert [told] == await feed.list_events(connection, after=0, limit=10)
    row = await only_row(connection, "SELECT * FROM activity")
    assert row | {"changes": json.loads(row["changes"])} == {
        "id": row["id"],
        "position": 1,
        "type": event.type,
        "source": event.source,
        "subject": event.subject,
        "sequence": 2,
        "dataschema": None,
        "partitionkey": None,
        "traceparent": None,
        "data": event.body,
        "event_id": event.id,
        "actor_id": UUID(int=1),
        "actor_username": "ada",
        "action": "updated",
        "resource_type": "task",
        "resource_id": TASK_ID,
        "task_id": TASK_ID,
        "changes": {"title": {"old": "a", "new": "Ž"}},
        "summary": "Changed title of “Water the plants”",
        "created_at": TIME,
        "salt": row["salt"],
        "erased_digest": None,
    }


async def test_what_nobody_did_has_no_actor(connection: PoolConnectionProxy) -> None:
    await record_activity([publish("tasks.task_updated.v1", actor=None)], connection)
    row = await only_row(connection, "SELECT actor_id, actor_username FROM activity")
    assert row == {"actor_id": None, "actor_username": None}


async def test_an_event_is_written_down_once(connection: PoolConnectionProxy) -> None:
    """A22"""
    event = publish("tasks.task_updated.v1")
    await record_activity([event], connection)
    assert await record_activity([event], connection) == []
    again = publish("tasks.task_updated.v1")
    [told] = await record_activity([event, again], connection)
    assert (told.id, told.position) == (again.id, 2)
    assert await connection.fetchval("SELECT count(*) FROM activity") == 2


async def test_nothing_is_written_where_the_feed_has_grown_meanwhile(connection: PoolConnectionProxy) -> None:
    known = await intake.look_up(connection, event_ids=(), task_ids=())
    event = publish("tasks.task_updated.v1")
    [place] = await record_activity([event], connection)
    entry = intake.Entry(event, activity_of(event), place)
    assert not await intake.take_in(connection, known, [entry], audiences={}, lost=())
    assert await connection.fetchval("SELECT last_position FROM feed_state") == 1
    assert await connection.fetchval("SELECT count(*) FROM activity") == 1


async def test_an_event_that_nobody_knows_is_set_aside(connection: PoolConnectionProxy) -> None:
    with pytest.raises(Unprocessable):
        await record_activity([publish("tasks.task_teleported.v1")], connection)
    assert await connection.fetchval("SELECT count(*) FROM activity") == 0
