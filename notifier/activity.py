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
    ("task", "restored"): "Restored “{task[title]}”",
    ("task", "due_soon"): "“{task[title]}” is due soon",
    ("task", "overdue"): "“{task[title]}” is overdue",
    ("task", "tags_changed"): "Changed the tags of “{task[title]}”",
    ("share", "shared"): "Shared “{task[title]}” with {share[user][username]}",
    ("share", "share_updated"): "Let {share[user][username]} {share[permission]} “{task[title]}”",
    ("comment", "created"): "Commented on “{task[title]}”",
    ("comment", "updated"): "Edited a comment on “{task[title]}”",
    ("comment", "deleted"): "Deleted a comment on “{task[title]}”",
    ("file", "uploaded"): "Attached {file[filename]} to “{task[title]}”",
    ("file", "deleted"): "Removed {file[filename]} from “{task[title]}”",
    ("share", "unshared"): "“{task[title]}” is no longer shared with {share[user][username]}",
    ("webhook", "created"): "Added the webhook {webhook[url]}",
    ("webhook", "updated"): "Changed the webhook {webhook[url]}",
    ("webhook", "deleted"): "Removed the webhook {webhook[url]}",
    ("webhook", "disabled"): "The webhook {webhook[url]} was disabled",
    ("preferences", "updated"): "Changed the notification preferences",
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


def kind_of(event: CloudEvent) -> type[Event]:
    kind = _TYPES.get(event.type)
    if kind is None:
        raise Unprocessable("version", f"no event that this release knows: {event.type}")
    return kind


def activity_of(event: CloudEvent) -> Activity:
    kind = kind_of(event)
    data, task = event.data, event.data.get("task")
    changes = data.get("changes") or {}
    words = {**data, "fields": " and ".join(sorted(changes)) or "nothing"}
    plain = f"{kind.resource_type} {kind.action}".replace("_", " ").capitalize()
    return Activity(
        id=uuid5(_NAMESPACE, str(event.id)),
        event_id=event.id,
        actor=Person.model_validate(data["actor"]) if data.get("actor") else None,
        action=kind.action,
        resource_type=kind.resource_type,
        resource_id=_resource_id(event, kind.resource_type),
        task_id=UUID(task["id"]) if task else None,
        changes=changes,
        summary=_SUMMARIES.get((kind.resource_type, kind.action), plain).format_map(words),
        created_at=event.time,
    )


def _resource_id(event: CloudEvent, resource_type: str) -> UUID:
    """The user for what happens to an account, its sessions or his share; else what the event is about."""
    data = event.data
    part = data.get(resource_type) or data.get("user") or {}
    part = part.get("user", part)
    return UUID(part["id"]) if "id" in part else UUID(event.subject.rpartition("/")[2])
