"""Whatever a service subscribes to is delivered three times, and has one effect and one answer."""

import asyncio
from typing import Any

import asyncpg
import orjson
import pytest
from uuid_utils.compat import uuid7

from chassis.broker import Outgoing
from chassis.requests import Idempotency, Requests, Sender
from chassis.topology import EVENTS
from contracts.catalogue import COMMANDS
from contracts.message import Actor
from contracts.people import Person
from contracts.tasks import CreateTask, NewTask
from tests.conftest import Addresses
from tests.eventually import eventually
from tests.integration.chassis import (
    test_duplicate_auth_commands,
    test_duplicate_notifier_commands,
    test_duplicate_task_commands,
)
from tests.integration.chassis.duplicator import publish_three_times
from tests.integration.conftest import BUDGET


def test_every_command_is_tried() -> None:
    assert set(COMMANDS) == {
        *test_duplicate_auth_commands.TRIED,
        *test_duplicate_notifier_commands.TRIED,
        *test_duplicate_task_commands.TRIED,
    }


@pytest.mark.usefixtures("running_notifier")
async def test_an_event(addresses: Addresses, superuser: asyncpg.Connection) -> None:
    user, event_id = Person(id=uuid7(), username="ada"), uuid7()
    data = {"user": user.model_dump(mode="json"), "actor": user.model_dump(mode="json"), "changes": {}, "audience": []}
    message = Outgoing(
        exchange=EVENTS,
        routing_key="auth.logged_in.v1",
        body=orjson.dumps(data),
        message_id=str(event_id),
        type="auth.logged_in.v1",
        headers={
            "ce-specversion": "1.0",
            "ce-id": str(event_id),
            "ce-source": "/taskmesh/auth_worker",
            "ce-type": "auth.logged_in.v1",
            "ce-subject": f"user/{uuid7()}",
            "ce-time": "2026-11-25T12:00:00.000000Z",
            "ce-sequence": "00000000000000000001",
        },
    )
    await publish_three_times(addresses, "auth_worker", message)
    # Nobody is to be told of it, so that only the activity log takes it in.
    await eventually(lambda: superuser.fetchval("SELECT count(*) = 1 FROM notifier.event_inbox"))
    rows = await superuser.fetch("SELECT event_id FROM notifier.activity")
    assert [row["event_id"] for row in rows] == [event_id]


@pytest.mark.usefixtures("running_task_worker")
async def test_one_idempotency_key_is_one_task_however_often_at_once(
    requests: Requests, superuser: asyncpg.Connection, ada: Actor
) -> None:
    async def once() -> Any:
        command = CreateTask(task_id=uuid7(), task=NewTask(title="Only once"))
        return await requests.ask(command, Sender(uuid7(), ada, BUDGET, Idempotency("key", "sha")))

    replies = await asyncio.gather(*(once() for _ in range(50)))
    assert len({reply.value.model_dump_json() for reply in replies}) == 1
    assert sum(not reply.replayed for reply in replies) == 1
    assert await superuser.fetchval("SELECT count(*) FROM tasks.tasks") == 1
