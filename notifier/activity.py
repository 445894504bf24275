"""What an event is in the activity log. No I/O."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from chassis.cloudevents import CloudEvent
from chassis.errors import Unprocessable
from contracts.catalogue import EVENTS
from contracts.message import Event
from contracts.people import Person

_TYPES: dict[str, type[Event]] = {event.wire_name: event for event in EVENTS}
_NAMESPACE = UUID("5a0f4c1e-6d0b-5f0e-9c55-7a1b1f0f3c02")

_SUMMARIES = {
    ("user", "registered"): "Created the account {user[username]}",
    ("user", "logged_in"): "Logged in",
    ("user", "login_failed"): "A log-in to {user[username]} failed",
    ("user", "logged_out"): "Logged out",
    ("user", "session_revoked"): "A session of {user[username]} was ended",
    ("user", "token_reuse_detected"): "A session of {user[username]} was ended, for its refresh token was used twice",
    ("user", "password_changed"): "Changed the password",
    ("user", "password_reset_requested"): "A password reset was asked for",
    ("user", "password_reset"): "The password was reset by mail",
    ("user", "email_verified"): "Confirmed the e-mail address",
    ("user", "updated"): "Changed {fields} of the profile",
    ("user", "deleted"): "Closed the account",
    ("user", "api_token_created"): "Created an API token",
    ("user", "api_token_revoked"): "Revoked an API token",
    ("task", "created"): "Created “{task[title]}”",
    ("task", "updated"): "Changed {fields} of “{task[title]}”",
    ("task", "completed"): "Completed “{task[title]}”",
    ("task", "reopened"): "Reopened “{task[title]}”",
    ("task", "deleted"): "Deleted “{task[title]}”",
}


@dataclass(frozen=True, slots=True)
class Activity:
    id: UUID
    event_id: UUID
    actor: Person | None
    action: str
    resource_type: str
    resource_id: UUID
    task_id: UUID | None
    changes: dict[str, Any]
    summary: str
    created_at: datetime


def activity_of(event: CloudEvent) -> Activity:
    kind = _TYPES.get(event.type)
    if kind is None:
        raise Unprocessable("version", f"no event that this release knows: {event.type}")
    data, task = event.data, event.data.get("task")
    changes = data.get("changes") or {}
    words = {**data, "fields": " and ".join(sorted(changes)) or "nothing"}
    return Activity(
        id=uuid5(_NAMESPACE, str(event.id)),
        event_id=event.id,
        actor=Person.model_validate(data["actor"]) if data.get("actor") else None,
        action=kind.action,
        resource_type=kind.resource_type,
        resource_id=_resource_id(event),
        task_id=UUID(task["id"]) if task else None,
        changes=changes,
        summary=_SUMMARIES[kind.resource_type, kind.action].format_map(words),
        created_at=event.time,
    )


def _resource_id(event: CloudEvent) -> UUID:
    """The user for what happens to an account or its sessions; else what the event is about."""
    user = event.data.get("user")
    return UUID(user["id"]) if user else UUID(event.subject.rpartition("/")[2])
