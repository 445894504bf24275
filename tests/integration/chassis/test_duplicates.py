"""The Duplicator: whatever a worker subscribes to is delivered three times, and has one effect and one answer."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import asyncpg
import orjson
import pytest
from uuid_utils.compat import uuid7

import auth_worker.app
from chassis.broker import Outgoing, open_broker
from chassis.requests import Idempotency, Requests, Sender
from chassis.topology import COMMANDS, EVENTS
from contracts.catalogue import COMMANDS as ALL_COMMANDS
from contracts.comments import AddComment, DeleteComment, EditComment
from contracts.feed import RedeemTicket
from contracts.files import AttachFile, BeginUpload, EraseFile, RemoveFile
from contracts.identity import LogIn, RegisterAccount
from contracts.message import Actor, Command
from contracts.notices import SendVerificationMail
from contracts.notifications import MarkAllRead, MarkRead, PreferencesPatch, UpdatePreferences
from contracts.people import Person
from contracts.sharing import ChangeShare, ShareTask, Unshare
from contracts.tasks import (
    AddTags,
    CreateTask,
    DeleteTask,
    NewTask,
    RemoveTag,
    RestoreTask,
    TaskPatch,
    UpdateTask,
    UpdateTasks,
)
from contracts.webhooks import (
    CreateWebhook,
    DeleteWebhook,
    DisableWebhook,
    NewWebhook,
    RecoverWebhook,
    Redeliver,
    RotateSecret,
    SendTestEvent,
    UpdateWebhook,
    WebhookPatch,
)
from ops.generate.handlers import every_subscription
from tests.conftest import Addresses
from tests.eventually import eventually
from tests.integration.conftest import BUDGET, Seal

OTHER_TASK_COMMANDS = {
    UpdateTasks,
    AddTags,
    RemoveTag,
    RestoreTask,
    ShareTask,
    ChangeShare,
    Unshare,
    AddComment,
    EditComment,
    DeleteComment,
    BeginUpload,
    AttachFile,
    RemoveFile,
    EraseFile,
}

TIMES = 3
PASSWORD = "Correct-Horse-7-Battery"


async def three_times(requests: Requests, command: Command[Any], actor: Actor | None) -> list[Any]:
    sender = Sender(uuid7(), actor, BUDGET)
    replies = await asyncio.gather(*(requests.ask(command, sender) for _ in range(TIMES)))
    return [(reply.status, reply.value, reply.replayed) for reply in replies]


async def events(superuser: asyncpg.Connection, schema: str) -> list[str]:
    return [row["type"] for row in await superuser.fetch(f"SELECT type FROM {schema}.event_log ORDER BY occurred_at")]


@pytest.mark.usefixtures("running_task_worker")
async def test_task_commands(requests: Requests, superuser: asyncpg.Connection, ada: Actor) -> None:
    create = CreateTask(task_id=uuid7(), task=NewTask(title="Water the plants"))
    first, second, third = await three_times(requests, create, ada)
    assert first == second == third

    update = UpdateTask(task_id=create.task_id, patch=TaskPatch(title="Water the garden"))
    first, second, third = await three_times(requests, update, ada)
    assert first == second == third
    assert first[1].version == 2

    first, second, third = await three_times(requests, DeleteTask(task_id=create.task_id), ada)
    assert first == second == third == (204, None, False)
    assert await events(superuser, "tasks") == [
        "tasks.task_created.v1",
        "tasks.task_updated.v1",
        "tasks.task_deleted.v1",
    ]


@pytest.mark.usefixtures("running_task_worker")
async def test_other_task_commands(requests: Requests, superuser: asyncpg.Connection, ada: Actor) -> None:
    task_id, comment_id, file_id, grace = uuid7(), uuid7(), uuid7(), Person(id=uuid7(), username="grace")
    await requests.ask(CreateTask(task_id=task_id, task=NewTask(title="a")), Sender(uuid7(), ada, BUDGET))
    commands: list[Command[Any]] = [
        UpdateTasks(task_ids=(task_id,), patch=TaskPatch(title="b")),
        AddTags(task_id=task_id, tags=("home",)),
        RemoveTag(task_id=task_id, tag="home"),
        ShareTask(task_id=task_id, user=grace, permission="view"),
        ChangeShare(task_id=task_id, username="grace", permission="edit"),
        Unshare(task_id=task_id, username="grace"),
        AddComment(task_id=task_id, comment_id=comment_id, content="a"),
        EditComment(comment_id=comment_id, content="b"),
        DeleteComment(comment_id=comment_id),
        BeginUpload(task_id=task_id, file_id=file_id),
        AttachFile(
            task_id=task_id, file_id=file_id, filename="a.txt", content_type="text/plain", size=1, sha256="0" * 64
        ),
        RemoveFile(file_id=file_id),
        DeleteTask(task_id=task_id),
        RestoreTask(task_id=task_id),
    ]
    assert {type(command) for command in commands} == OTHER_TASK_COMMANDS - {EraseFile} | {DeleteTask}
    for command in commands:
        first, second, third = await three_times(requests, command, ada)
        assert first == second == third
    # Every change is one version; beginning an upload is none.
    assert len(await events(superuser, "tasks")) == len(commands)
    versions = await superuser.fetch("SELECT aggregate_version FROM tasks.event_log ORDER BY 1")
    assert [row["aggregate_version"] for row in versions] == list(range(1, len(commands) + 1))


@pytest.mark.usefixtures("running_task_worker")
async def test_a_file_is_erased(addresses: Addresses, superuser: asyncpg.Connection) -> None:
    """What is not there is erased, so that once more is no harm."""
    command = EraseFile(file_id=uuid7())
    message = Outgoing(
        exchange=COMMANDS,
        routing_key=command.queue,
        body=command.model_dump_json().encode(),
        message_id=str(uuid7()),
        type=command.wire_name,
    )
    await publish_three_times(addresses, "task_worker", message)
    await eventually(lambda: superuser.fetchval("SELECT count(*) = 1 FROM tasks.inbox WHERE status = 204"))


@pytest.mark.usefixtures("running_auth_worker")
async def test_auth_commands(requests: Requests, superuser: asyncpg.Connection, seal: Seal) -> None:
    await eventually(lambda: superuser.fetchval("SELECT count(*) = 1 FROM auth.signing_keys"))
    register = RegisterAccount(
        user_id=uuid7(), username="grace", email="grace@example.org", sealed_password=seal(PASSWORD)
    )
    first, second, third = await three_times(requests, register, None)
    assert first == second == third
    assert first[0] == 201

    log_in = LogIn(session_id=uuid7(), login="GRACE", sealed_password=seal(PASSWORD))
    replies = await three_times(requests, log_in, None)
    assert len({reply[1].refresh_token for reply in replies}) == 1
    assert await superuser.fetchval("SELECT count(*) FROM auth.sessions") == 1
    assert await superuser.fetchval("SELECT reply FROM auth.inbox WHERE type = $1", LogIn.wire_name) is None
    assert await events(superuser, "auth") == ["auth.user_registered.v1", "auth.logged_in.v1"]


@pytest.mark.usefixtures("running_notifier")
async def test_notifier_commands(addresses: Addresses, superuser: asyncpg.Connection) -> None:
    user = Person(id=uuid7(), username="grace")
    command = SendVerificationMail(user=user, email="grace@example.org", sealed_token="sealed")
    message = Outgoing(
        exchange=COMMANDS,
        routing_key=command.queue,
        body=command.model_dump_json().encode(),
        message_id=str(uuid7()),
        type=command.wire_name,
    )
    await publish_three_times(addresses, "auth_worker", message)
    await eventually(lambda: superuser.fetchval("SELECT count(*) = 1 FROM notifier.inbox WHERE status = 200"))
    assert await superuser.fetchval("SELECT count(*) FROM notifier.mails") == 1


@pytest.mark.usefixtures("running_notifier")
async def test_events(addresses: Addresses, superuser: asyncpg.Connection) -> None:
    task_id, user, event_id = uuid7(), Person(id=uuid7(), username="ada"), uuid7()
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
            "ce-subject": f"user/{task_id}",
            "ce-time": "2026-11-25T12:00:00.000000Z",
            "ce-sequence": "00000000000000000001",
        },
    )
    await publish_three_times(addresses, "auth_worker", message)
    await eventually(lambda: superuser.fetchval("SELECT count(*) = 1 FROM notifier.activity"))
    assert await superuser.fetchval("SELECT event_id FROM notifier.activity") == event_id


WEBHOOK, ADA = uuid7(), Actor(id=uuid7(), username="ada")
ASKED_OF_NOTIFIER: tuple[Command[Any], ...] = (
    RedeemTicket(ticket_id=uuid7(), actor=ADA),
    CreateWebhook(webhook_id=WEBHOOK, webhook=NewWebhook(url="https://example.org/"), sealed_secret="sealed"),
    UpdateWebhook(webhook_id=WEBHOOK, patch=WebhookPatch(description="mine")),
    RotateSecret(webhook_id=WEBHOOK, secret_id=uuid7(), sealed_secret="sealed", grace_hours=1),
    SendTestEvent(webhook_id=WEBHOOK, delivery_id=(TEST := uuid7())),
    Redeliver(webhook_id=WEBHOOK, delivery_id=TEST),
    RecoverWebhook(webhook_id=WEBHOOK, since=datetime(2026, 1, 1, tzinfo=UTC)),
    DeleteWebhook(webhook_id=WEBHOOK),
    UpdatePreferences(patch=PreferencesPatch(email_enabled=False)),
    MarkAllRead(),
)


@pytest.mark.usefixtures("running_notifier")
async def test_what_a_user_asks_of_the_notifier(requests: Requests, superuser: asyncpg.Connection) -> None:
    for command in ASKED_OF_NOTIFIER:
        first, second, third = await three_times(requests, command, ADA)
        assert first == second == third
    assert await events(superuser, "notifier") == [
        "notifier.webhook_created.v1",
        "notifier.webhook_updated.v1",
        "notifier.webhook_updated.v1",
        "notifier.webhook_deleted.v1",
        "notifier.preferences_updated.v1",
    ]


async def publish_three_times(addresses: Addresses, user: str, message: Outgoing) -> None:
    async with open_broker(addresses.amqp_url(user), user) as broker:
        await eventually(lambda: broker.can_publish)
        for _ in range(TIMES):
            await broker.publish(message)


def test_every_subscription_is_tried_here() -> None:
    tried = {CreateTask, UpdateTask, DeleteTask, RegisterAccount, LogIn, SendVerificationMail, *OTHER_TASK_COMMANDS}
    assert tried | {type(command) for command in ASKED_OF_NOTIFIER} | {DisableWebhook, MarkRead} == set(ALL_COMMANDS)
    assert {each.queue for each in every_subscription()["notifier"].events} == {
        "notifier.activity",
        "notifier.notifications",
    }
    assert auth_worker.app is not None


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
