from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
import pytest

from chassis.cloudevents import CloudEvent
from chassis.errors import Unprocessable
from contracts.catalogue import EVENTS
from contracts.comments import Comment, CommentAdded
from contracts.files import File, FileAttached
from contracts.identity import LoginFailed, UserEvent
from contracts.message import Event
from contracts.notifications import Preferences, PreferencesUpdated
from contracts.people import Person
from contracts.sharing import Share, TaskShared
from contracts.tasks import Change, TaskEvent, TaskState, TaskUpdated
from contracts.webhooks import WebhookEvent, WebhookState
from notifier.activity import Activity, activity_of

ADA = Person(id=UUID(int=1), username="ada")
TIME = datetime(2026, 11, 25, 12, tzinfo=UTC)
TASK = TaskState(
    id=UUID(int=2),
    title="Water {the} plants",
    description=None,
    status="pending",
    completed=False,
    completed_at=None,
    priority="medium",
    due_date=None,
    tags=(),
    owner=ADA,
    share_count=0,
    comment_count=0,
    file_count=0,
    version=2,
    created_at=TIME,
    updated_at=TIME,
)
SESSION_ID = UUID(int=3)
GRACE = Person(id=UUID(int=4), username="grace")
COMMENT = Comment(
    id=UUID(int=5),
    task_id=TASK.id,
    author=ADA,
    content="Twice.",
    edited=False,
    version=1,
    created_at=TIME,
    updated_at=TIME,
)
FILE = File(
    id=UUID(int=6),
    task_id=TASK.id,
    filename="plants.txt",
    content_type="text/plain; charset=utf-8",
    size=1,
    sha256="0" * 64,
    uploaded_by=ADA,
    created_at=TIME,
)
PARTS = {
    "share": Share(task_id=TASK.id, user=GRACE, permission="view", shared_at=TIME, version=2),
    "comment": COMMENT,
    "file": FILE,
}
"""What hangs on a task; an event takes the one that it tells of."""

WEBHOOK = WebhookState(
    id=UUID(int=4),
    url="https://example.org/",
    description="",
    event_types=("*",),
    enabled=True,
    disabled_reason=None,
    version=1,
)
CHANGES = {"title": Change(old="a", new="b"), "priority": Change(old="low", new="high")}

SUMMARIES = {
    "auth.user_registered.v1": "Created the account ada",
    "auth.logged_in.v1": "Logged in",
    "auth.login_failed.v1": "A log-in to ada failed",
    "auth.logged_out.v1": "Logged out",
    "auth.session_revoked.v1": "A session of ada was ended",
    "auth.token_reuse_detected.v1": "A session of ada was ended, for its refresh token was used twice",
    "auth.password_changed.v1": "Changed the password",
    "auth.password_reset_requested.v1": "A password reset was asked for",
    "auth.password_reset.v1": "The password was reset by mail",
    "auth.email_verified.v1": "Confirmed the e-mail address",
    "auth.user_updated.v1": "Changed nothing of the profile",
    "auth.user_deleted.v1": "Closed the account",
    "auth.api_token_created.v1": "Created an API token",
    "auth.api_token_revoked.v1": "Revoked an API token",
    "tasks.task_created.v1": "Created “Water {the} plants”",
    "tasks.task_updated.v1": "Changed priority and title of “Water {the} plants”",
    "tasks.task_completed.v1": "Completed “Water {the} plants”",
    "tasks.task_reopened.v1": "Reopened “Water {the} plants”",
    "tasks.task_deleted.v1": "Deleted “Water {the} plants”",
    "tasks.task_restored.v1": "Restored “Water {the} plants”",
    "tasks.tags_changed.v1": "Changed the tags of “Water {the} plants”",
    "tasks.task_due_soon.v1": "“Water {the} plants” is due soon",
    "tasks.task_overdue.v1": "“Water {the} plants” is overdue",
    "tasks.task_shared.v1": "Shared “Water {the} plants” with grace",
    "tasks.share_updated.v1": "Let grace view “Water {the} plants”",
    "tasks.task_unshared.v1": "“Water {the} plants” is no longer shared with grace",
    "tasks.comment_added.v1": "Commented on “Water {the} plants”",
    "tasks.comment_edited.v1": "Edited a comment on “Water {the} plants”",
    "tasks.comment_deleted.v1": "Deleted a comment on “Water {the} plants”",
    "tasks.file_attached.v1": "Attached plants.txt to “Water {the} plants”",
    "tasks.file_removed.v1": "Removed plants.txt from “Water {the} plants”",
    "notifier.webhook_created.v1": "Added the webhook https://example.org/",
    "notifier.webhook_updated.v1": "Changed the webhook https://example.org/",
    "notifier.webhook_deleted.v1": "Removed the webhook https://example.org/",
    "notifier.webhook_disabled.v1": "The webhook https://example.org/ was disabled",
    "notifier.preferences_updated.v1": "Changed the notification preferences",
}


def tell(kind: type[Event]) -> Event:
    written: dict[str, Any] = {"actor": ADA, "audience": (ADA.id,), "changes": {}}
    if issubclass(kind, TaskEvent):
        return kind(**written | PARTS | {"task": TASK, "changes": CHANGES if kind is TaskUpdated else {}})
    if issubclass(kind, UserEvent):
        of_user = {"user": ADA, "version": 2, "reason": "ended", "actor": None if kind is LoginFailed else ADA}
        ids = dict.fromkeys(("session_id", "reset_id", "token_id"), SESSION_ID)
        return kind(**written | of_user | ids)
    if issubclass(kind, WebhookEvent):
        return kind(**written, webhook=WEBHOOK)
    if kind is PreferencesUpdated:
        return PreferencesUpdated(**written, user=ADA, preferences=Preferences(version=2))
    raise AssertionError(f"write down here what a {kind.__name__} looks like, and its summary above")


def publish(event: Event) -> CloudEvent:
    body = event.model_dump_json()
    return CloudEvent(
        id=UUID(int=9),
        type=event.wire_name,
        subject=f"{event.resource_type}/{event.aggregate_id}",
        time=TIME,
        sequence=event.aggregate_version,
        data=orjson.loads(body),
        body=body,
    )


@pytest.mark.parametrize("kind", EVENTS)
def test_every_event_has_a_summary(kind: type[Event]) -> None:
    """Pitfall F38"""
    assert activity_of(publish(tell(kind))).summary == SUMMARIES[kind.wire_name]


def test_what_happened_to_a_task_is_of_the_task() -> None:
    activity = activity_of(publish(tell(TaskUpdated)))
    assert activity == Activity(
        id=activity.id,
        event_id=UUID(int=9),
        actor=ADA,
        action="updated",
        resource_type="task",
        resource_id=TASK.id,
        task_id=TASK.id,
        changes={"title": {"old": "a", "new": "b"}, "priority": {"old": "low", "new": "high"}},
        summary="Changed priority and title of “Water {the} plants”",
        created_at=TIME,
    )


@pytest.mark.parametrize(
    ("kind", "resource_id"), [(TaskShared, GRACE.id), (CommentAdded, COMMENT.id), (FileAttached, FILE.id)]
)
def test_what_hangs_on_a_task_is_found_by_its_own_id(kind: type[Event], resource_id: UUID) -> None:
    activity = activity_of(publish(tell(kind)))
    assert (activity.resource_id, activity.task_id) == (resource_id, TASK.id)


def test_what_happened_to_a_session_is_of_its_user() -> None:
    activity = activity_of(publish(tell(LoginFailed)))
    assert activity == Activity(
        id=activity.id,
        event_id=UUID(int=9),
        actor=None,
        action="login_failed",
        resource_type="user",
        resource_id=ADA.id,
        task_id=None,
        changes={},
        summary="A log-in to ada failed",
        created_at=TIME,
    )


def test_the_same_event_is_the_same_activity() -> None:
    event = publish(tell(TaskUpdated))
    assert activity_of(event) == activity_of(event)


def test_an_event_of_a_newer_release_is_set_aside() -> None:
    event = publish(tell(TaskUpdated))
    newer = CloudEvent(event.id, "tasks.task_updated.v2", event.subject, event.time, 1, event.data, event.body)
    with pytest.raises(Unprocessable) as parked:
        activity_of(newer)
    assert parked.value.reason == "version"
