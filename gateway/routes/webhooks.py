from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated
from uuid import UUID

import uuid_utils.compat as uuid
from aiohttp import web
from pydantic import Field

from chassis.errors import Refusal
from contracts.pages import IdPosition
from contracts.problems import (
    EMPTY_PATCH,
    INVALID_CURSOR,
    NOT_FOUND,
    TOO_MANY_WEBHOOKS,
    VALIDATION_FAILED,
    WEBHOOK_DISABLED,
    FieldError,
)
from contracts.webhooks import (
    CreateWebhook,
    DeleteWebhook,
    GetWebhook,
    ListDeliveries,
    ListWebhooks,
    NewWebhook,
    Recovered,
    RecoverWebhook,
    Recovery,
    Redeliver,
    RotateSecret,
    Rotation,
    SendTestEvent,
    UpdateWebhook,
    Webhook,
    WebhookDelivery,
    WebhookPatch,
)
from gateway.body import read_body
from gateway.execution import execute, fetch, show
from gateway.operation import MERGE_PATCH, Operation
from gateway.pages import Listing, read_position, show_page
from gateway.preconditions import read_if_match
from gateway.query import read_query
from gateway.rate_limits import OTHERWISE
from gateway.state import SETTINGS, WEBHOOK_SECRETS

_KEPT = timedelta(days=30)


class WebhookWithSecret(Webhook):
    """Shown here and never again."""

    secret: Annotated[str, Field(description="Verifies webhook-signature: `whsec_` and 32 bytes in base64.")]


def _with_secret(request: web.Request, webhook: Webhook) -> WebhookWithSecret:
    secret = request.app[WEBHOOK_SECRETS].secret(webhook.secret_id)
    return WebhookWithSecret(**webhook.model_dump(), secret=secret)


def _id(request: web.Request) -> UUID:
    return UUID(request.match_info["id"])


def _if_match(request: web.Request) -> tuple[int, ...] | None:
    return read_if_match(request, required=request.app[SETTINGS].require_if_match)


async def create_webhook(request: web.Request) -> web.Response:
    body, webhook_id = await read_body(request, NewWebhook), uuid.uuid7()
    sealed = request.app[WEBHOOK_SECRETS].sealed(webhook_id)
    return await execute(
        request,
        CreateWebhook(webhook_id=webhook_id, webhook=body, sealed_secret=sealed),
        location=lambda webhook: f"/v1/webhooks/{webhook.id}",
        reveal=lambda webhook: _with_secret(request, webhook),
    )


async def list_webhooks(request: web.Request) -> web.Response:
    listing = read_query(request, Listing)
    return await show_page(
        request, listing, ListWebhooks(after=read_position(request, listing, IdPosition), limit=listing.limit)
    )


async def show_webhook(request: web.Request) -> web.Response:
    return show(request, await fetch(request, GetWebhook(webhook_id=_id(request))))


async def update_webhook(request: web.Request) -> web.Response:
    if_match, patch = _if_match(request), await read_body(request, WebhookPatch)
    return await execute(request, UpdateWebhook(webhook_id=_id(request), patch=patch, if_match=if_match))


async def delete_webhook(request: web.Request) -> web.Response:
    return await execute(request, DeleteWebhook(webhook_id=_id(request), if_match=_if_match(request)))


async def send_test_event(request: web.Request) -> web.Response:
    command = SendTestEvent(webhook_id=_id(request), delivery_id=uuid.uuid7())
    return await execute(request, command)


async def rotate_webhook_secret(request: web.Request) -> web.Response:
    body, secret_id = await read_body(request, Rotation), uuid.uuid7()
    command = RotateSecret(
        webhook_id=_id(request),
        secret_id=secret_id,
        sealed_secret=request.app[WEBHOOK_SECRETS].sealed(secret_id),
        grace_hours=body.grace_hours,
    )
    return await execute(request, command, reveal=lambda webhook: _with_secret(request, webhook))


async def list_webhook_deliveries(request: web.Request) -> web.Response:
    listing = read_query(request, Listing)
    query = ListDeliveries(
        webhook_id=_id(request), after=read_position(request, listing, IdPosition), limit=listing.limit
    )
    return await show_page(request, listing, query)


async def redeliver(request: web.Request) -> web.Response:
    delivery_id = UUID(request.match_info["delivery_id"])
    return await execute(request, Redeliver(webhook_id=_id(request), delivery_id=delivery_id))


async def recover_webhook(request: web.Request) -> web.Response:
    body = await read_body(request, Recovery)
    if body.since < datetime.now(UTC) - _KEPT:
        wrong = FieldError(pointer="#/since", code="too_old", detail="must be at most thirty days ago")
        raise Refusal(VALIDATION_FAILED, "since: must be at most thirty days ago", errors=[wrong])
    return await execute(request, RecoverWebhook(webhook_id=_id(request), since=body.since))


_PATH = "/v1/webhooks/{id}"


_operation = partial(Operation, tag="webhooks", scope="webhooks:manage", limits=(OTHERWISE,))

OPERATIONS = (
    _operation(
        method="POST",
        path="/v1/webhooks",
        handle=create_webhook,
        summary="Have events posted to an address; its secret is shown this once",
        body=NewWebhook,
        asks=CreateWebhook,
        success=201,
        reply=WebhookWithSecret,
        location=True,
        versioned=True,
        problems=(TOO_MANY_WEBHOOKS,),
    ),
    _operation(
        method="GET",
        path="/v1/webhooks",
        handle=list_webhooks,
        summary="List the caller's webhooks, newest first",
        query=Listing,
        asks=ListWebhooks,
        reply=Webhook,
        paged=True,
        problems=(INVALID_CURSOR,),
    ),
    _operation(
        method="GET",
        path=_PATH,
        handle=show_webhook,
        summary="Show a webhook",
        asks=GetWebhook,
        reply=Webhook,
        versioned=True,
        problems=(NOT_FOUND,),
    ),
    _operation(
        method="PATCH",
        path=_PATH,
        handle=update_webhook,
        summary="Change, enable or disable a webhook",
        body=WebhookPatch,
        takes=(MERGE_PATCH, "application/json"),
        asks=UpdateWebhook,
        reply=Webhook,
        versioned=True,
        conditional=True,
        problems=(NOT_FOUND, EMPTY_PATCH),
    ),
    _operation(
        method="DELETE",
        path=_PATH,
        handle=delete_webhook,
        summary="Remove a webhook",
        asks=DeleteWebhook,
        success=204,
        conditional=True,
        problems=(NOT_FOUND,),
    ),
    _operation(
        method="POST",
        path=f"{_PATH}/test",
        handle=send_test_event,
        summary="Post a test event",
        asks=SendTestEvent,
        success=201,
        reply=WebhookDelivery,
        problems=(NOT_FOUND, WEBHOOK_DISABLED),
    ),
    _operation(
        method="POST",
        path=f"{_PATH}/secret/rotate",
        handle=rotate_webhook_secret,
        summary="Replace the secret; the old one signs too until the grace is over",
        body=Rotation,
        asks=RotateSecret,
        reply=WebhookWithSecret,
        versioned=True,
        problems=(NOT_FOUND,),
    ),
    _operation(
        method="GET",
        path=f"{_PATH}/deliveries",
        handle=list_webhook_deliveries,
        summary="List deliveries with their attempts, newest first",
        query=Listing,
        asks=ListDeliveries,
        reply=WebhookDelivery,
        paged=True,
        problems=(NOT_FOUND, INVALID_CURSOR),
    ),
    _operation(
        method="POST",
        path=f"{_PATH}/deliveries/{{delivery_id}}/redeliver",
        handle=redeliver,
        summary="Send a delivery again, under the same webhook-id",
        asks=Redeliver,
        reply=WebhookDelivery,
        problems=(NOT_FOUND, WEBHOOK_DISABLED),
    ),
    _operation(
        method="POST",
        path=f"{_PATH}/recover",
        handle=recover_webhook,
        summary="Send whatever has not arrived since a time",
        body=Recovery,
        asks=RecoverWebhook,
        reply=Recovered,
        problems=(NOT_FOUND, WEBHOOK_DISABLED),
    ),
)
