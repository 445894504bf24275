from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
import pytest

from chassis.cloudevents import CloudEvent
from chassis.errors import Unprocessable
from contracts.catalogue import EVENTS
from contracts.identity import LoginFailed, UserEvent
from contracts.message import Event
from contracts.people import Person
from contracts.tasks import Change, TaskEvent, TaskState, TaskUpdated
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
}


def tell(kind: type[Event]) -> Event:
    written: dict[str, Any] = {"actor": ADA, "audience": (ADA.id,), "changes": {}}
    if issubclass(kind, TaskEvent):
        return kind(**written | {"task": TASK, "changes": CHANGES if kind is TaskUpdated else {}})
    if issubclass(kind, UserEvent):
        of_user = {"user": ADA, "version": 2, "reason": "ended", "actor": None if kind is LoginFailed else ADA}
        ids = dict.fromkeys(("session_id", "reset_id", "token_id"), SESSION_ID)
        return kind(**written | of_user | ids)
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
