from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from uuid_utils.compat import uuid7

from chassis.requests import Requests
from contracts.feed import RedeemTicket
from contracts.message import Actor, Command
from contracts.notices import SendPasswordResetMail, SendSecurityNotice, SendVerificationMail
from contracts.notifications import MarkAllRead, MarkRead, PreferencesPatch, UpdatePreferences
from contracts.people import Person
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
from tests.conftest import Addresses
from tests.eventually import eventually
from tests.integration.chassis.duplicator import as_sent, ask_three_times, publish_three_times, types_of_events

WEBHOOK, TEST, ADA = uuid7(), uuid7(), Actor(id=uuid7(), username="ada")
GRACE = Person(id=uuid7(), username="grace")
ASKED: tuple[Command[Any], ...] = (
    RedeemTicket(ticket_id=uuid7(), actor=ADA),
    CreateWebhook(webhook_id=WEBHOOK, webhook=NewWebhook(url="https://example.org/"), sealed_secret="sealed"),
    UpdateWebhook(webhook_id=WEBHOOK, patch=WebhookPatch(description="mine")),
    RotateSecret(webhook_id=WEBHOOK, secret_id=uuid7(), sealed_secret="sealed", grace_hours=1),
    SendTestEvent(webhook_id=WEBHOOK, delivery_id=TEST),
    Redeliver(webhook_id=WEBHOOK, delivery_id=TEST),
    RecoverWebhook(webhook_id=WEBHOOK, since=datetime(2026, 1, 1, tzinfo=UTC)),
    DeleteWebhook(webhook_id=WEBHOOK),
    UpdatePreferences(patch=PreferencesPatch(email_enabled=False)),
    MarkAllRead(),
)
MAILS: tuple[Command[None], ...] = (
    SendVerificationMail(user=GRACE, email="grace@example.org", sealed_token="sealed"),
    SendPasswordResetMail(user=GRACE, email="grace@example.org", sealed_token="sealed"),
    SendSecurityNotice(notice="password_changed", user=GRACE, email="grace@example.org"),
)
TRIED = {DisableWebhook, MarkRead, *map(type, (*ASKED, *MAILS))}


@pytest.mark.usefixtures("running_notifier")
async def test_what_a_user_asks(requests: Requests, superuser: asyncpg.Connection) -> None:
    for command in ASKED:
        await ask_three_times(requests, command, ADA)
    assert await types_of_events(superuser, "notifier") == [
        "notifier.webhook_created.v1",
        "notifier.webhook_updated.v1",
        "notifier.webhook_updated.v1",
        "notifier.webhook_deleted.v1",
        "notifier.preferences_updated.v1",
    ]


@pytest.mark.usefixtures("running_notifier")
@pytest.mark.parametrize("command", MAILS, ids=lambda command: type(command).__name__)
async def test_what_auth_worker_has_mailed(
    addresses: Addresses, superuser: asyncpg.Connection, command: Command[None]
) -> None:
    await publish_three_times(addresses, "auth_worker", as_sent(command))
    await eventually(lambda: superuser.fetchval("SELECT count(*) = 1 FROM notifier.inbox WHERE status = 200"))
    assert await superuser.fetchval("SELECT count(*) FROM notifier.mails") == 1


@pytest.mark.usefixtures("running_notifier")
async def test_a_webhook_is_disabled(addresses: Addresses, requests: Requests, superuser: asyncpg.Connection) -> None:
    webhook = uuid7()
    create = CreateWebhook(webhook_id=webhook, webhook=NewWebhook(url="https://example.org/"), sealed_secret="sealed")
    await ask_three_times(requests, create, ADA)
    await publish_three_times(addresses, "notifier", as_sent(DisableWebhook(webhook_id=webhook, reason="gone")))
    await eventually(lambda: superuser.fetchval("SELECT count(*) = 2 FROM notifier.event_log"))


@pytest.mark.usefixtures("running_notifier")
async def test_a_notification_is_read(requests: Requests, superuser: asyncpg.Connection) -> None:
    notification: UUID = await superuser.fetchval(
        """
        INSERT INTO notifier.notifications (id, event_id, user_id, kind, summary, created_at)
        VALUES ($1, $1, $2, 'task_shared_with_me', 'a', now())
        RETURNING id
        """,
        uuid7(),
        ADA.id,
    )
    _, read = await ask_three_times(requests, MarkRead(notification_id=notification), ADA)
    assert read.read_at is not None
