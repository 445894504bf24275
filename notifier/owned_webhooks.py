"""What every handler of a webhook begins with: it is there, the caller's, and of the version that he has seen."""

from datetime import datetime
from typing import Any
from uuid import UUID

from asyncpg.pool import PoolConnectionProxy

from chassis.errors import Refusal
from chassis.subscription import Delivery
from contracts.people import Person
from contracts.problems import NOT_FOUND, PRECONDITION_FAILED, VALIDATION_FAILED, FieldError
from contracts.webhooks import Webhook, WebhookEvent, WebhookState
from notifier.store import webhooks
from notifier.webhook_targets import Targets


async def lock_own(
    connection: PoolConnectionProxy, webhook_id: UUID, delivery: Delivery, if_match: tuple[int, ...] | None = None
) -> Webhook:
    found = await webhooks.lock_webhook(connection, webhook_id)
    if found is None or found.owner.id != delivery.actor_id:
        raise Refusal(NOT_FOUND)
    if if_match is not None and found.webhook.version not in if_match:
        raise Refusal(PRECONDITION_FAILED, facts={"current_etag": f'"{found.webhook.version}"'})
    return found.webhook


def check_target(targets: Targets, url: str) -> None:
    problem = targets.problem_with(url)
    if problem is not None:
        wrong = FieldError(pointer="#/url", code="webhook_url", detail=problem)
        raise Refusal(VALIDATION_FAILED, f"url: {problem}", errors=[wrong])


def actor_of(delivery: Delivery) -> Person:
    return Person(id=delivery.actor.id, username=delivery.actor.username)


def told(
    kind: type[WebhookEvent],
    webhook: Webhook,
    *,
    actor: Person | None,
    owner: UUID,
    changes: dict[str, Any] | None = None,
) -> WebhookEvent:
    state = WebhookState.model_validate(webhook.model_dump())
    return kind(webhook=state, changes=changes or {}, actor=actor, audience=(owner,))


def changed(webhook: Webhook, *, at: datetime, **values: Any) -> Webhook:
    return webhook.model_copy(update={**values, "version": webhook.version + 1, "updated_at": at})
