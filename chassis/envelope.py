"""What travels beside a message: who asks, until when, and where the answer goes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from chassis.broker import Incoming
from chassis.errors import Unprocessable
from chassis.topology import OPERATOR
from contracts.message import Actor

MAX_BODY = 256 * 1024  # bytes
MAX_BUDGET = timedelta(seconds=35)
"""No caller waits longer, so a deadline further away is cut to this."""

_REPLY_TO = re.compile(r"(gateway|notifier)\.replies\.[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who waits for the answer."""

    reply_to: str
    correlation_id: str
    deadline: datetime

    @property
    def remaining(self) -> float:
        """Seconds; negative when the deadline has passed."""
        return (self.deadline - datetime.now(UTC)).total_seconds()


@dataclass(frozen=True, slots=True)
class Envelope:
    message_id: UUID
    wire_name: str
    sent_at: datetime
    sender: str
    actor: Actor | None
    caller: Caller | None
    idempotency_key: str | None
    request_sha: str

    @property
    def scope(self) -> UUID:
        """Whose Idempotency-Keys these are. Callers without an account share one scope."""
        return self.actor.id if self.actor else UUID(int=0)


def read_envelope(incoming: Incoming, *, own_user: str) -> Envelope:
    properties, headers = incoming.properties, incoming.headers
    if len(incoming.body) > MAX_BODY:
        raise Unprocessable("decode", f"the body has {len(incoming.body)} bytes")
    if properties.content_type != "application/json" or properties.content_encoding not in (None, "utf-8"):
        raise Unprocessable("decode", f"the content is {properties.content_type} {properties.content_encoding}")
    if properties.timestamp is None:
        raise Unprocessable("decode", "no timestamp")
    return Envelope(
        message_id=_message_id(properties.message_id),
        wire_name=properties.message_type or "",
        sent_at=properties.timestamp,
        sender=find_sender(incoming, own_user=own_user),
        actor=_actor(headers.get("x-actor")),
        caller=_caller(incoming),
        idempotency_key=_text(headers, "x-idempotency-key"),
        request_sha=_text(headers, "x-request-sha") or "",
    )


def find_sender(incoming: Incoming, *, own_user: str) -> str:
    """The first sender. Who sets a message aside, and the operator who replays it, may speak for him.

    What a service sends to itself has no other sender beside it.
    """
    user, first = incoming.properties.user_id or "", _text(incoming.headers, "x-sender")
    if user == own_user:
        return first or "" if "x-sender" in incoming.headers else user
    return (first or "") if user == OPERATOR else user


def _message_id(text: str | None) -> UUID:
    try:
        return UUID(text or "")
    except ValueError as error:
        raise Unprocessable("decode", "the message id is no UUID") from error


def _actor(text: Any) -> Actor | None:
    if text is None:
        return None
    try:
        return Actor.model_validate_json(text)
    except ValidationError as error:
        raise Unprocessable("authz", "the actor cannot be read") from error


def find_caller(incoming: Incoming) -> Caller | None:
    """Who waits for an answer to a message that may be unreadable otherwise."""
    try:
        return _caller(incoming)
    except Unprocessable:
        return None


def _caller(incoming: Incoming) -> Caller | None:
    properties, deadline = incoming.properties, incoming.headers.get("x-deadline")
    if properties.reply_to is None:
        return None
    if not _REPLY_TO.fullmatch(properties.reply_to):
        raise Unprocessable("authz", "the answer is wanted at a queue that is nobody's who asks")
    if not properties.correlation_id:
        raise Unprocessable("decode", "an answer is wanted without a correlation id")
    if not isinstance(deadline, int) or isinstance(deadline, bool):
        raise Unprocessable("decode", "an answer is wanted without a deadline")
    latest = datetime.now(UTC) + MAX_BUDGET
    try:
        until = min(datetime.fromtimestamp(deadline / 1000, UTC), latest)
    except (ValueError, OverflowError, OSError):
        until = latest
    return Caller(properties.reply_to, properties.correlation_id, until)


def _text(headers: Mapping[str, Any], name: str) -> str | None:
    value = headers.get(name)
    return value if isinstance(value, str) and value else None
