"""Webhooks from creation to recovery, with a receiver that really listens."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from aiohttp import web
from standardwebhooks import Webhook

from tests.eventually import eventually
from tests.integration.gateway.receiver import Receiver, open_receiver
from tests.unit.gateway.serving import Answer, Served


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with open_receiver() as receiver:
        yield receiver


async def create(served: Served, who: dict[str, str], url: str, **more: Any) -> dict[str, Any]:
    body = {"url": url, "event_types": ["tasks.*"], **more.pop("body", {})}
    answer = await served.ask("POST", "/v1/webhooks", json=body, headers=who | more.pop("headers", {}))
    assert answer.status == 201, answer.body
    created: dict[str, Any] = answer.json
    return created


async def make_task(served: Served, who: dict[str, str], title: str = "x") -> None:
    assert (await served.ask("POST", "/v1/tasks", json={"title": title}, headers=who)).status == 201


async def deliveries(served: Served, who: dict[str, str], webhook: dict[str, Any]) -> list[dict[str, Any]]:
    answer = await served.ask("GET", f"/v1/webhooks/{webhook['id']}/deliveries", headers=who)
    items: list[dict[str, Any]] = answer.json["items"]
    return items


async def settled(served: Served, who: dict[str, str], webhook: dict[str, Any], attempts: int = 1) -> dict[str, Any]:
    async def look() -> dict[str, Any] | None:
        found = await deliveries(served, who, webhook)
        return found[0] if found and len(found[0]["attempts"]) >= attempts else None

    return await eventually(look)


async def test_an_event_arrives_signed(served: Served, ada: dict[str, str], receiver: Receiver) -> None:
    webhook = await create(served, ada, receiver.url)
    await make_task(served, ada, "Water the plants")
    delivery = await settled(served, ada, webhook)
    [request] = receiver.received
    event = Webhook(webhook["secret"]).verify(request.body, request.headers)
    assert (event["type"], event["data"]["task"]["title"]) == ("tasks.task_created.v1", "Water the plants")
    assert request.headers["webhook-id"] == event["id"] == delivery["event_id"]
    assert request.headers["content-type"].startswith("application/cloudevents+json")
    assert (delivery["state"], delivery["attempts"][0]["status"]) == ("succeeded", 204)


async def test_a_secret_is_shown_once_and_rests_sealed(
    served: Served, ada: dict[str, str], grace: dict[str, str], receiver: Receiver, superuser: asyncpg.Connection
) -> None:
    key = {"Idempotency-Key": "one"}
    webhook = await create(served, ada, receiver.url, headers=key)
    again = await create(served, ada, receiver.url, headers=key)
    assert (again["id"], again["secret"]) == (webhook["id"], webhook["secret"])
    path = f"/v1/webhooks/{webhook['id']}"
    assert "secret" not in (await served.ask("GET", path, headers=ada)).json
    assert (await served.ask("GET", path, headers=grace)).status == 404
    row = str(await superuser.fetchrow("SELECT * FROM notifier.webhooks"))
    assert webhook["secret"].removeprefix("whsec_") not in row
    inbox = str(await superuser.fetch("SELECT * FROM notifier.inbox"))
    assert webhook["secret"] not in inbox


async def test_two_secrets_sign_while_one_replaces_the_other(
    served: Served, ada: dict[str, str], receiver: Receiver
) -> None:
    webhook = await create(served, ada, receiver.url)
    path = f"/v1/webhooks/{webhook['id']}"
    rotated = await served.ask("POST", f"{path}/secret/rotate", json={}, headers=ada)
    assert rotated.json["secret"] != webhook["secret"]
    assert (await served.ask("POST", f"{path}/test", headers=ada)).status == 201
    await settled(served, ada, webhook)
    [request] = receiver.received
    for secret in (webhook["secret"], rotated.json["secret"]):
        assert Webhook(secret).verify(request.body, request.headers)["type"] == "notifier.webhook_test.v1"


async def test_what_failed_is_sent_again_under_the_same_id(
    served: Served, ada: dict[str, str], receiver: Receiver
) -> None:
    receiver.answer = lambda count: web.Response(status=500 if count == 1 else 200, text="no\x00no")
    webhook = await create(served, ada, receiver.url)
    await make_task(served, ada)
    failed = await settled(served, ada, webhook)
    assert (failed["state"], failed["attempts"][0]["outcome"]) == ("due", "answered 500")
    assert failed["attempts"][0]["response"] == "nono"
    path = f"/v1/webhooks/{webhook['id']}/deliveries/{failed['id']}/redeliver"
    assert (await served.ask("POST", path, headers=ada)).status == 200
    done = await settled(served, ada, webhook, attempts=2)
    assert done["state"] == "succeeded"
    first, second = receiver.received
    assert (first.headers["webhook-id"], first.body) == (second.headers["webhook-id"], second.body)


async def test_a_receiver_that_is_gone_is_left_alone(served: Served, ada: dict[str, str], receiver: Receiver) -> None:
    receiver.answer = lambda _: web.Response(status=410)
    webhook = await create(served, ada, receiver.url)
    path = f"/v1/webhooks/{webhook['id']}"
    await make_task(served, ada, "first")

    async def disabled() -> bool:
        shown = await served.ask("GET", path, headers=ada)
        return (shown.json["enabled"], shown.json["disabled_reason"]) == (False, "gone")

    await eventually(disabled)
    await make_task(served, ada, "while it was disabled")
    assert (await served.ask("POST", f"{path}/test", headers=ada)).code == "webhook-disabled"

    receiver.answer = lambda _: web.Response(status=200)
    enabled = await served.ask("PATCH", path, json={"enabled": True}, headers=ada)
    assert (enabled.json["enabled"], enabled.json["disabled_reason"]) == (True, None)

    async def recovered() -> bool:
        answer = await served.ask("POST", f"{path}/recover", json={"since": webhook["created_at"]}, headers=ada)
        assert answer.status == 200, answer.body
        titles = [json.loads(each.body)["data"]["task"]["title"] for each in receiver.received]
        return "while it was disabled" in titles

    await eventually(recovered)


async def test_what_is_recovered_happened_since_then_and_was_never_sent(
    served: Served, ada: dict[str, str], receiver: Receiver, superuser: asyncpg.Connection
) -> None:
    for title in ("long ago", "missed"):
        await make_task(served, ada, title)
    webhook = await create(served, ada, receiver.url)
    await make_task(served, ada, "sent")
    recorded = "SELECT count(*) = 3 FROM notifier.activity WHERE type LIKE 'tasks.%'"
    await eventually(lambda: superuser.fetchval(recorded))
    await eventually(lambda: receiver.received)
    await superuser.execute(
        "UPDATE notifier.activity SET created_at = now() - interval '2 hours' WHERE data::text LIKE '%long ago%'"
    )
    since = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    path = f"/v1/webhooks/{webhook['id']}/recover"
    recovered = await served.ask("POST", path, json={"since": since}, headers=ada)
    assert (recovered.status, recovered.json) == (200, {"count": 1, "has_more": False})
    await eventually(lambda: len(receiver.received) == 2)
    titles = [json.loads(each.body)["data"]["task"]["title"] for each in receiver.received]
    assert titles == ["sent", "missed"]
    again = await served.ask("POST", path, json={"since": since}, headers=ada)
    assert again.json["count"] == 0


async def test_five_days_of_failure_disable_a_webhook_and_its_owner_is_told(
    served: Served, ada: dict[str, str], receiver: Receiver, superuser: asyncpg.Connection
) -> None:
    receiver.answer = lambda _: web.Response(status=500)
    webhook = await create(served, ada, receiver.url)
    await superuser.execute("UPDATE notifier.webhooks SET failing_since = now() - interval '6 days'")
    await make_task(served, ada)

    async def told() -> bool:
        page = await served.ask("GET", "/v1/notifications", headers=ada)
        return [each["summary"] for each in page.json["items"]] == [f"The webhook {receiver.url} was disabled"]

    await eventually(told)
    shown = await served.ask("GET", f"/v1/webhooks/{webhook['id']}", headers=ada)
    assert (shown.json["enabled"], shown.json["disabled_reason"]) == (False, "failing")
    mails = await superuser.fetchval("SELECT count(*) FROM notifier.mails WHERE kind = 'security'")
    assert mails == 1


async def test_a_redirect_is_not_followed(served: Served, ada: dict[str, str], receiver: Receiver) -> None:
    receiver.answer = lambda _: web.Response(status=307, headers={"Location": receiver.url})
    webhook = await create(served, ada, receiver.url)
    await make_task(served, ada)
    failed = await settled(served, ada, webhook)
    assert (failed["attempts"][0]["outcome"], len(receiver.received)) == ("answered 307", 1)


@pytest.mark.parametrize("url", ["https://user@example.org/", "ftp://example.org/", "https://exa mple.org", ""])
async def test_what_is_no_address_is_refused(served: Served, ada: dict[str, str], url: str) -> None:
    answer: Answer = await served.ask("POST", "/v1/webhooks", json={"url": url}, headers=ada)
    assert (answer.status, answer.code) == (422, "validation-failed")


async def test_a_name_that_leads_to_a_forbidden_address_is_blocked_at_the_socket(
    served: Served, ada: dict[str, str], superuser: asyncpg.Connection
) -> None:
    """The tests' notifier may reach 127.0.0.0/8 and nothing else that is private."""
    webhook = await create(served, ada, "https://example.org/")
    await superuser.execute("UPDATE notifier.webhooks SET url = 'http://[::1]:9/'")
    await make_task(served, ada)
    failed = await settled(served, ada, webhook)
    assert failed["attempts"][0]["outcome"] == "blocked"
