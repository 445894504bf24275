"""A message that cannot be handled goes where the design says, and its sender is told the truth."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from prometheus_client import generate_latest
from uuid_utils.compat import uuid7

from chassis.broker import Broker, Outgoing, open_broker
from chassis.commands import Commands
from chassis.consumer import Consumer
from chassis.database import open_database
from chassis.errors import Refusal, Unavailable
from chassis.requests import OutcomeUnknown, Requests, Sender
from chassis.subscription import Answer, CommandSubscription, Delivery
from chassis.topology import COMMANDS
from contracts.message import Actor
from contracts.problems import INTERNAL, SERVICE_UNAVAILABLE
from contracts.tasks import CreateTask, NewTask
from ops.rabbitmq import RabbitMQ
from tests.conftest import Addresses
from tests.eventually import eventually
from tests.integration.chassis.queue_reader import QueueReader, read_queues
from tests.integration.conftest import BUDGET


@pytest.fixture
async def reader(rabbitmq: RabbitMQ) -> AsyncIterator[QueueReader]:
    async with read_queues(rabbitmq) as reader:
        yield reader


def command() -> CreateTask:
    return CreateTask(task_id=uuid7(), task=NewTask(title="Water the plants"))


def raw(**changes: Any) -> Outgoing:
    message = {
        "exchange": COMMANDS,
        "routing_key": "tasks.commands",
        "body": command().model_dump_json().encode(),
        "message_id": str(uuid7()),
        "type": CreateTask.wire_name,
    }
    return Outgoing(**{**message, **changes})


async def test_an_unroutable_command_is_refused_at_once(requests: Requests, ada: Actor) -> None:
    with pytest.raises(Unavailable) as refused:
        await requests.ask(command(), Sender(uuid7(), ada, BUDGET), queue="tasks.nowhere")
    assert refused.value.problem == SERVICE_UNAVAILABLE


async def test_a_command_that_expires_in_its_queue_is_never_executed(
    requests: Requests, ada: Actor, reader: QueueReader
) -> None:
    message_id = uuid7()
    with pytest.raises(OutcomeUnknown):
        await requests.ask(command(), Sender(message_id, ada, timedelta(milliseconds=200)))
    expired = await reader.take("expired")
    assert (expired.message_id, expired.type) == (str(message_id), CreateTask.wire_name)


@pytest.mark.usefixtures("running_task_worker")
async def test_a_command_that_arrives_late_is_never_executed(
    gateway_broker: Broker, requests: Requests, superuser: asyncpg.Connection, ada: Actor
) -> None:
    """The broker cannot expire what a stalled worker holds already. A17."""
    late = datetime.now(UTC) - timedelta(seconds=2)
    headers = {"x-actor": ada.model_dump_json(), "x-deadline": int(late.timestamp() * 1000)}
    await gateway_broker.publish(raw(headers=headers, reply_to="gateway.replies." + "0" * 32, correlation_id="1"))

    in_time = Sender(uuid7(), ada, BUDGET)
    await requests.ask(command(), in_time)
    rows = await superuser.fetch("SELECT command_id FROM tasks.inbox")
    assert [row["command_id"] for row in rows] == [in_time.message_id]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"body": b"{not json"}, "decode"),
        ({"body": b""}, "decode"),
        ({"body": b"\x80\x04pickle"}, "decode"),
        ({"body": b'{"task_id":"x"}'}, "validation"),
        ({"body": b"x" * (257 * 1024)}, "decode"),
        ({"message_id": "not a uuid"}, "decode"),
        ({"type": "tasks.create_task.v99"}, "version"),
        ({"type": "tasks.fly_to_the_moon.v1"}, "unhandled"),
        ({"type": ""}, "unhandled"),
        ({"headers": {"x-actor": "{"}}, "authz"),
        ({"reply_to": "tasks.commands", "correlation_id": "1", "headers": {"x-deadline": 1}}, "authz"),
        ({"reply_to": "gateway.replies." + "0" * 32}, "decode"),
    ],
)
@pytest.mark.usefixtures("running_task_worker")
async def test_what_cannot_be_read_is_parked_with_its_reason(
    gateway_broker: Broker, reader: QueueReader, changes: dict[str, Any], reason: str
) -> None:
    """A1, A2, A5, A6, A7, A8, A9, A11, A15"""
    await eventually(lambda: gateway_broker.can_publish)
    message = raw(**changes)
    await gateway_broker.publish(message)
    parked = await reader.take("parking")
    assert parked.headers["x-park-reason"] == reason
    assert parked.headers["x-source-queue"] == "tasks.commands"
    assert parked.body == message.body


@pytest.mark.usefixtures("running_task_worker")
async def test_a_command_from_another_service_is_parked(addresses: Addresses, reader: QueueReader) -> None:
    """auth_worker may write to the commands exchange, for the notifier's sake; its word is not the gateway's. A14."""
    async with open_broker(addresses.amqp_url("auth_worker"), "auth_worker") as broker:
        await eventually(lambda: broker.can_publish)
        await broker.publish(raw())
    parked = await reader.take("parking")
    assert parked.headers["x-park-reason"] == "authz"


@pytest.mark.usefixtures("running_task_worker")
async def test_what_is_parked_makes_no_series_of_its_own(gateway_broker: Broker, reader: QueueReader) -> None:
    await eventually(lambda: gateway_broker.can_publish)
    invented = f"tasks.{uuid7().hex}.v1"
    await gateway_broker.publish(raw(type=invented))
    assert (await reader.take("parking")).type == invented
    await eventually(lambda: 'outcome="parked"' in generate_latest().decode())
    assert invented not in generate_latest().decode()


async def fail(_: CreateTask, __: Delivery) -> Answer:
    raise ZeroDivisionError("what a user wrote")


@pytest.fixture
async def broken_worker(addresses: Addresses) -> AsyncIterator[None]:
    async with (
        open_database(addresses.database_url("task_worker"), application="broken", size=4) as database,
        open_broker(addresses.amqp_url("task_worker"), "task_worker") as broker,
    ):
        commands = Commands([CommandSubscription(CreateTask, fail)], database, broker, committed=lambda: None)
        await eventually(database.ping)
        broker.consume("tasks.commands", Consumer(broker, "tasks.commands", commands.process).receive, prefetch=4)
        yield


@pytest.mark.usefixtures("broken_worker")
async def test_a_defect_is_told_to_who_waits_and_parked(
    requests: Requests, reader: QueueReader, superuser: asyncpg.Connection, ada: Actor
) -> None:
    with pytest.raises(Refusal) as refused:
        await requests.ask(command(), Sender(uuid7(), ada, BUDGET))
    assert refused.value.problem.type == INTERNAL
    parked = await reader.take("parking")
    assert parked.headers["x-park-reason"] == "bug"
    assert parked.headers["x-error-class"] == "ZeroDivisionError"
    assert "wrote" not in str(parked.headers)
    assert await superuser.fetchval("SELECT count(*) FROM tasks.inbox") == 0


@pytest.mark.usefixtures("broken_worker")
async def test_a_defect_that_nobody_waits_for_is_tried_again_later(gateway_broker: Broker, reader: QueueReader) -> None:
    await eventually(lambda: gateway_broker.can_publish)
    await gateway_broker.publish(raw(headers={"x-attempt": 4}))
    retried = await reader.take("retry.1h")
    assert retried.headers["x-attempt"] == 5
    assert retried.headers["x-sender"] == "gateway"
    assert retried.routing_key == "tasks.commands"


@pytest.mark.usefixtures("broken_worker")
async def test_a_defect_is_parked_in_the_end(gateway_broker: Broker, reader: QueueReader) -> None:
    await eventually(lambda: gateway_broker.can_publish)
    await gateway_broker.publish(raw(headers={"x-attempt": 5}))
    parked = await reader.take("parking")
    assert parked.headers["x-park-reason"] == "transient-exhausted"


@pytest.mark.usefixtures("running_task_worker")
async def test_a_retried_message_comes_back_to_the_queue_that_failed_it(
    addresses: Addresses, superuser: asyncpg.Connection, ada: Actor
) -> None:
    async with open_broker(addresses.amqp_url("task_worker"), "task_worker") as broker:
        await eventually(lambda: broker.can_publish)
        headers = {"x-attempt": 1, "x-sender": "gateway", "x-actor": ada.model_dump_json()}
        await broker.publish(raw(exchange="taskmesh.retry.5s", headers=headers))
    await eventually(lambda: superuser.fetchval("SELECT count(*) = 1 FROM tasks.tasks"), within=15)


@pytest.mark.usefixtures("broken_worker")
async def test_a_defect_gives_its_connection_back(requests: Requests, ada: Actor) -> None:
    """Pitfall K15: more of them than there are connections, and the last is told the same as the first."""
    for _ in range(10):
        with pytest.raises(Refusal) as refused:
            await requests.ask(command(), Sender(uuid7(), ada, BUDGET))
        assert refused.value.problem.type == INTERNAL
