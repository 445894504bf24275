from uuid import UUID

import asyncpg
import pytest
from uuid_utils.compat import uuid7

from chassis.errors import Refusal
from chassis.requests import Requests, Sender
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
