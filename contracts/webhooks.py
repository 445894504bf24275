"""Events by HTTP, to addresses of the user's choice: Standard Webhooks 1.0.0."""

import re
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    StringConstraints,
    model_serializer,
)
from pydantic_core import PydanticCustomError

from contracts.feed import EventPattern
from contracts.identity import SealedText
from contracts.message import Command, Event, Model, Query
from contracts.pages import IdPosition
from contracts.people import Person
from contracts.text import NORMALISED, ONE_LINE
from contracts.timestamp import Timestamp

SECRET_PURPOSE = "webhook secret"  # noqa: S105  the name of a field
QUEUE = "notifier.commands"

_HOST = re.compile(r"[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?|\[[0-9A-Fa-f:.]+\]")


def _address(text: str) -> str:
    """Where two parsers could disagree on the host, there is none."""
    try:
        parts = urlsplit(text)
        sound = parts.port != 0 and parts.scheme in ("http", "https") and "@" not in parts.netloc
    except ValueError:
        sound = False
    if not sound or not re.fullmatch(r"[!-~]+", text) or "\\" in text or "#" in text:
        raise PydanticCustomError("url", "must be an https URL without user, fragment or unusual characters")
    host = parts.netloc.rpartition(":")[0] if parts.port is not None else parts.netloc.removesuffix(":")
    if not _HOST.fullmatch(host) or len(host) > 253:
        raise PydanticCustomError("url", "must name a host, an international one in its xn-- form")
    return text


WebhookUrl = Annotated[
    str, StringConstraints(max_length=2048), AfterValidator(_address), Field(json_schema_extra={"format": "uri"})
]
EventTypes = Annotated[tuple[EventPattern, ...], Field(min_length=1, max_length=50)]
Description = Annotated[str, StringConstraints(max_length=200), NORMALISED, ONE_LINE]


class _Written(Model):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class NewWebhook(_Written):
    url: WebhookUrl
    event_types: EventTypes = ("*",)
    description: Description = ""


class WebhookPatch(_Written):
    """RFC 7396: a member that is absent stays as it is."""

    url: WebhookUrl = ""
    event_types: EventTypes = ("*",)
    description: Description = ""
    enabled: bool = True

    @model_serializer(mode="wrap")
    def _only_what_was_named(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in handler(self).items() if name in self.model_fields_set}


class Rotation(_Written):
    grace_hours: Annotated[int, Field(ge=0, le=72, description="How long the old secret signs too.")] = 24


class Recovery(_Written):
    since: Annotated[Timestamp, Field(strict=False, description="At most thirty days ago.")]


class WebhookState(Model):
    id: UUID
    url: str
    description: str
    event_types: tuple[str, ...]
    enabled: bool
    disabled_reason: Literal["gone", "failing", "owner"] | None
    version: int


class Webhook(WebhookState):
    """`secret_id` changes with the secret."""

    secret_id: UUID
    created_at: Timestamp
    updated_at: Timestamp


class Attempt(Model):
    """`outcome` is `succeeded`, or why not. `response` is how the answer began."""

    number: int
    at: Timestamp
    outcome: str
    status: int | None
    milliseconds: int
    response: str | None


class WebhookDelivery(Model):
    id: UUID
    webhook_id: UUID
    event_id: UUID
    """The `webhook-id` of every attempt."""
    type: str
    state: Literal["due", "succeeded", "exhausted"]
    next_at: Timestamp | None
    created_at: Timestamp
    attempts: tuple[Attempt, ...]


class CreateWebhook(Command[Webhook]):
    wire_name: ClassVar[str] = "notifier.create_webhook.v1"
    queue: ClassVar[str] = QUEUE
    success: ClassVar[int] = 201

    webhook_id: UUID
    webhook: NewWebhook
    sealed_secret: SealedText


class UpdateWebhook(Command[Webhook]):
    wire_name: ClassVar[str] = "notifier.update_webhook.v1"
    queue: ClassVar[str] = QUEUE

    webhook_id: UUID
    patch: WebhookPatch
    if_match: tuple[int, ...] | None = None


class DeleteWebhook(Command[None]):
    wire_name: ClassVar[str] = "notifier.delete_webhook.v1"
    queue: ClassVar[str] = QUEUE
    success: ClassVar[int] = 204

    webhook_id: UUID
    if_match: tuple[int, ...] | None = None


class RotateSecret(Command[Webhook]):
    wire_name: ClassVar[str] = "notifier.rotate_secret.v1"
    queue: ClassVar[str] = QUEUE

    webhook_id: UUID
    secret_id: UUID
    sealed_secret: SealedText
    grace_hours: int


class SendTestEvent(Command[WebhookDelivery]):
    wire_name: ClassVar[str] = "notifier.send_test_event.v1"
    queue: ClassVar[str] = QUEUE
    success: ClassVar[int] = 201

    webhook_id: UUID
    delivery_id: UUID


class Redeliver(Command[WebhookDelivery]):
    wire_name: ClassVar[str] = "notifier.redeliver.v1"
    queue: ClassVar[str] = QUEUE

    webhook_id: UUID
    delivery_id: UUID


class Recovered(Model):
    """`has_more`: ask again for the rest."""

    count: int
    has_more: bool


class RecoverWebhook(Command[Recovered]):
    """Whatever has not arrived since then is sent again, or for the first time."""

    wire_name: ClassVar[str] = "notifier.recover_webhook.v1"
    queue: ClassVar[str] = QUEUE

    webhook_id: UUID
    since: Timestamp


class DisableWebhook(Command[None]):
    """From the sender to its own service, which alone changes a webhook."""

    wire_name: ClassVar[str] = "notifier.disable_webhook.v1"
    queue: ClassVar[str] = QUEUE
    sent_by: ClassVar[str] = "notifier"

    webhook_id: UUID
    reason: Literal["gone", "failing"]


class GetWebhook(Query[Webhook]):
    wire_name: ClassVar[str] = "notifier.get_webhook.v1"
    queue: ClassVar[str] = "notifier.queries"

    webhook_id: UUID


class WebhookPage(Model):
    next: IdPosition | None
    items: tuple[Webhook, ...]


class ListWebhooks(Query[WebhookPage]):
    """Newest first."""

    wire_name: ClassVar[str] = "notifier.list_webhooks.v1"
    queue: ClassVar[str] = "notifier.queries"

    after: IdPosition | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class DeliveryPage(Model):
    next: IdPosition | None
    items: tuple[WebhookDelivery, ...]


class ListDeliveries(Query[DeliveryPage]):
    """Newest first."""

    wire_name: ClassVar[str] = "notifier.list_deliveries.v1"
    queue: ClassVar[str] = "notifier.queries"

    webhook_id: UUID
    after: IdPosition | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class WebhookEvent(Event):
    """For its owner alone."""

    resource_type: ClassVar[str] = "webhook"

    webhook: WebhookState
    changes: dict[str, Any]
    actor: Person | None
    audience: tuple[UUID, ...]

    @property
    def aggregate_id(self) -> UUID:
        return self.webhook.id

    @property
    def aggregate_version(self) -> int:
        return self.webhook.version


class WebhookCreated(WebhookEvent):
    wire_name: ClassVar[str] = "notifier.webhook_created.v1"
    action: ClassVar[str] = "created"


class WebhookUpdated(WebhookEvent):
    wire_name: ClassVar[str] = "notifier.webhook_updated.v1"
    action: ClassVar[str] = "updated"


class WebhookDeleted(WebhookEvent):
    wire_name: ClassVar[str] = "notifier.webhook_deleted.v1"
    action: ClassVar[str] = "deleted"


class WebhookDisabled(WebhookEvent):
    """By us: its address is gone, or has failed for five days."""

    wire_name: ClassVar[str] = "notifier.webhook_disabled.v1"
    action: ClassVar[str] = "disabled"
