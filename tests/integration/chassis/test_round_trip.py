from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest
from uuid_utils.compat import uuid7

from chassis.errors import Refusal
from chassis.requests import Requests, Sender
from chassis.settings import WorkerSettings
from contracts.message import Actor
from contracts.tasks import CreateTask, GetTask, NewTask
from task_worker.app import build
from tests.conftest import Addresses
from tests.eventually import eventually


def sender(actor: Actor, message_id: UUID | None = None) -> Sender:
    return Sender(message_id or uuid7(), actor, timedelta(seconds=5))


@pytest.fixture
async def task_worker(addresses: Addresses):
    settings = WorkerSettings(database_url=addresses.database_url("task_worker"), amqp_url=addresses.amqp_url("task_worker"))
    async with build(settings) as worker:
        yield worker
        await worker.drain()


async def test_a_command_becomes_a_row_and_an_event(task_worker, requests: Requests, superuser: asyncpg.Connection):
    ada = Actor(id=uuid7(), username="ada")
    await eventually(lambda: requests.ready)
    created = await requests.ask(CreateTask(task_id=uuid7(), task=NewTask(title="Water the plants")), sender(ada))
    assert created.status == 201
    assert (await requests.ask(GetTask(task_id=created.value.id), sender(ada))).value == created.value
    with pytest.raises(Refusal):
        await requests.ask(GetTask(task_id=uuid7()), sender(ada))
    await eventually(lambda: superuser.fetchval("SELECT count(*) = 0 FROM tasks.outbox"))
