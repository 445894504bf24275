from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest
from uuid_utils.compat import uuid7

from chassis.broker import Broker, Outgoing
from chassis.errors import Refusal
from chassis.requests import Requests, Sender
from chassis.topology import COMMANDS
from contracts.message import Actor
from contracts.tasks import CreateTask, GetTask, NewTask
from tests.eventually import eventually
from tests.integration.conftest import BUDGET


def sender(actor: Actor, message_id: UUID | None = None) -> Sender:
    return Sender(message_id or uuid7(), actor, BUDGET)


@pytest.mark.usefixtures("running_task_worker")
async def test_a_command_becomes_a_row_and_an_event(
    requests: Requests, superuser: asyncpg.Connection, ada: Actor
) -> None:
    created = await requests.ask(CreateTask(task_id=uuid7(), task=NewTask(title="Water the plants")), sender(ada))
    assert created.status == 201
    assert (await requests.ask(GetTask(task_id=created.value.id), sender(ada))).value == created.value
    with pytest.raises(Refusal):
        await requests.ask(GetTask(task_id=uuid7()), sender(ada))
    await eventually(lambda: superuser.fetchval("SELECT count(*) = 0 FROM tasks.outbox"))


@pytest.mark.usefixtures("running_task_worker")
async def test_what_a_gateway_asked_before_it_died_is_done(
    gateway_broker: Broker, requests: Requests, superuser: asyncpg.Connection, ada: Actor
) -> None:
    """A12"""
    command = CreateTask(task_id=uuid7(), task=NewTask(title="Water the plants"))
    soon = datetime.now(UTC) + timedelta(seconds=20)
    await gateway_broker.publish(
        Outgoing(
            exchange=COMMANDS,
            routing_key=command.queue,
            body=command.model_dump_json().encode(),
            message_id=str(uuid7()),
            type=command.wire_name,
            headers={"x-actor": ada.model_dump_json(), "x-deadline": int(soon.timestamp() * 1000)},
            reply_to="gateway.replies." + "0" * 32,
            correlation_id="1",
        )
    )
    await eventually(lambda: superuser.fetchval("SELECT count(*) = 1 FROM tasks.tasks"))
    assert (await requests.ask(GetTask(task_id=command.task_id), sender(ada))).value.id == command.task_id


@pytest.mark.usefixtures("running_task_worker")
async def test_one_id_is_one_command_whatever_its_body(
    requests: Requests, superuser: asyncpg.Connection, ada: Actor
) -> None:
    """A21: the gateway makes the ids, so another body is not a conflict but a repetition."""
    message_id = uuid7()
    first = await requests.ask(CreateTask(task_id=uuid7(), task=NewTask(title="a")), sender(ada, message_id))
    second = await requests.ask(CreateTask(task_id=uuid7(), task=NewTask(title="b")), sender(ada, message_id))
    assert second.value == first.value
    assert await superuser.fetchval("SELECT count(*) FROM tasks.tasks") == 1
