"""What a user is told of, over HTTP; the events are published as task_worker publishes them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import pytest
from uuid_utils.compat import uuid7

from chassis.broker import Outgoing, open_broker
from chassis.cloudevents import attributes
from chassis.topology import EVENTS
from tests.conftest import Addresses
from tests.eventually import eventually
from tests.unit.gateway.serving import Served

Publish = Callable[..., Awaitable[None]]
PREFERENCES = "/v1/notifications/preferences"


@pytest.fixture
async def publish(addresses: Addresses) -> AsyncIterator[Publish]:
    async with open_broker(addresses.amqp_url("task_worker"), "task_worker") as broker:
        await eventually(lambda: broker.can_publish)

        async def publish(name: str, *, owner: UUID, actor: UUID, **members: Any) -> None:
            task_id, event_id, wire_name = uuid7(), uuid7(), f"tasks.{name}.v1"
            person = {"id": str(owner), "username": "owner"}
            data = {
                "task": {"id": str(task_id), "title": "Water the plants", "version": 2, "owner": person},
                "changes": {},
                "actor": {"id": str(actor), "username": "actor"},
                "audience": [str(owner), str(actor)],
                **members,
            }
            headers = attributes(
                event_id=event_id,
                wire_name=wire_name,
                source="/taskmesh/task_worker",
                subject=f"task/{task_id}",
                time=datetime.now(UTC),
                schema=f"http://127.0.0.1:8080/schemas/{wire_name}",
                sequence=2,
                partition=task_id,
            )
            body = orjson.dumps(data)
            await broker.publish(Outgoing(EVENTS, wire_name, body, str(event_id), wire_name, dict(headers)))

        yield publish


async def user_id(served: Served, who: dict[str, str]) -> UUID:
    return UUID((await served.ask("GET", "/v1/users/me", headers=who)).json["id"])


async def test_preferences_are_patched(served: Served, ada: dict[str, str]) -> None:
    shown = await served.ask("GET", PREFERENCES, headers=ada)
    assert (shown.status, shown.headers["etag"]) == (200, '"1"')
    assert shown.json["kinds"]["task_completed"] == {"email": False, "in_app": True, "webhook": True}
    patch = {
        "task_completed": True,
        "kinds": {"mention": {"in_app": False}},
        "quiet_hours": {"start": "22:00", "end": "07:00", "timezone": "Europe/Berlin"},
        "muted_until": "2030-01-01T00:00:00Z",
    }
    patched = await served.ask("PATCH", PREFERENCES, json=patch, headers=ada | {"If-Match": '"1"'})
    assert (patched.status, patched.headers["etag"]) == (200, '"2"')
    assert patched.json["kinds"]["task_completed"]["email"] is True
    assert patched.json["kinds"]["mention"] == {"email": True, "in_app": False, "webhook": True}
    assert patched.json["quiet_hours"]["timezone"] == "Europe/Berlin"
    cleared = await served.ask("PATCH", PREFERENCES, json={"quiet_hours": None, "muted_until": None}, headers=ada)
    assert (cleared.json["quiet_hours"], cleared.json["muted_until"]) == (None, None)
    stale = await served.ask("PATCH", PREFERENCES, json={"email_enabled": False}, headers=ada | {"If-Match": '"1"'})
    assert (stale.status, stale.json["current_etag"]) == (412, '"3"')


@pytest.mark.parametrize(
    "patch",
    [
        {"quiet_hours": {"start": "25:00", "end": "07:00"}},
        {"quiet_hours": {"start": "22:00", "end": "07:00", "timezone": "Europe/Atlantis"}},
        {"quiet_hours": {"start": "22:00", "end": "07:00", "timezone": "../etc/passwd"}},
        {"kinds": {"birthday": {"email": True}}},
        {"due_soon_lead_minutes": -1},
        {"muted_until": "tomorrow"},
        {"email_enabled": None},
    ],
)
async def test_preferences_that_make_no_sense(served: Served, ada: dict[str, str], patch: dict[str, Any]) -> None:
    answer = await served.ask("PATCH", PREFERENCES, json=patch, headers=ada)
    assert (answer.status, answer.code) == (422, "validation-failed")


async def test_the_inbox(
    served: Served, ada: dict[str, str], grace: dict[str, str], publish: Publish, superuser: asyncpg.Connection
) -> None:
    owner, other = await user_id(served, ada), await user_id(served, grace)
    for _ in range(3):
        await publish("task_completed", owner=owner, actor=other)
    await publish("task_completed", owner=owner, actor=owner)

    async def items() -> list[dict[str, Any]] | None:
        page = await served.ask("GET", "/v1/notifications?unread=true", headers=ada)
        found: list[dict[str, Any]] = page.json["items"]
        return found if len(found) == 3 else None

    found = await eventually(items)
    assert {each["kind"] for each in found} == {"task_completed"}
    assert found[0]["summary"] == "Completed “Water the plants”"
    assert (await served.ask("GET", "/v1/notifications/unread", headers=ada)).json == {"count": 3}
    assert (await served.ask("GET", "/v1/notifications", headers=grace)).json["items"] == []

    path = f"/v1/notifications/{found[0]['id']}/read"
    assert (await served.ask("POST", path, headers=grace)).status == 404
    assert (await served.ask("POST", path, headers=ada)).json["read_at"] is not None
    assert (await served.ask("POST", "/v1/notifications/read-all", headers=ada)).json == {"count": 2}
    assert (await served.ask("GET", "/v1/notifications/unread", headers=ada)).json == {"count": 0}
    # No mail by default, and none to the actor in any case.
    assert await superuser.fetchval("SELECT count(*) FROM notifier.mails WHERE user_id IS NOT NULL") == 0


async def test_mail_goes_to_verified_addresses_alone(
    served: Served, ada: dict[str, str], grace: dict[str, str], publish: Publish, superuser: asyncpg.Connection
) -> None:
    owner, other = await user_id(served, ada), await user_id(served, grace)
    await served.ask("PATCH", PREFERENCES, json={"task_completed": True}, headers=ada)
    await publish("task_completed", owner=owner, actor=other)

    async def given_up() -> bool:
        row = await superuser.fetchrow("SELECT state, last_error FROM notifier.mails WHERE user_id = $1", owner)
        return row is not None and tuple(row) == ("failed", "no verified address")

    await eventually(given_up)


async def test_a_mute_defers_and_does_not_drop(
    served: Served, ada: dict[str, str], grace: dict[str, str], publish: Publish, superuser: asyncpg.Connection
) -> None:
    owner, other = await user_id(served, ada), await user_id(served, grace)
    await served.ask(
        "PATCH", PREFERENCES, json={"task_completed": True, "muted_until": "2030-01-01T00:00:00Z"}, headers=ada
    )
    await publish("task_completed", owner=owner, actor=other)

    async def deferred() -> bool:
        row = await superuser.fetchrow("SELECT state, attempts, next_at FROM notifier.mails WHERE user_id = $1", owner)
        return row is not None and tuple(row) == ("due", 0, datetime(2030, 1, 1, tzinfo=UTC))

    await eventually(deferred)
