"""What the notifier is asked."""

from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from contracts.identity import Email, SealedText
from contracts.message import Command, Model, Query
from contracts.people import Person
from contracts.timestamp import Timestamp

VERIFICATION_PURPOSE = "verification token"
RESET_PURPOSE = "password reset token"

SecurityNotice = Literal[
    "account_closed", "email_changed", "password_changed", "password_was_reset", "token_reuse_detected"
]

ResourceType = Literal["user", "task", "share", "comment", "file", "webhook", "preferences"]


class SendVerificationMail(Command[None]):
    """A command and not an event: its token is for one mail alone."""

    wire_name: ClassVar[str] = "notifier.send_verification_mail.v1"
    queue: ClassVar[str] = "notifier.commands"
    sent_by: ClassVar[str] = "auth_worker"

    user: Person
    email: Email
    sealed_token: SealedText


class SendPasswordResetMail(Command[None]):
    wire_name: ClassVar[str] = "notifier.send_password_reset_mail.v1"
    queue: ClassVar[str] = "notifier.commands"
    sent_by: ClassVar[str] = "auth_worker"

    user: Person
    email: Email
    sealed_token: SealedText


class SendSecurityNotice(Command[None]):
    """Tells a person what was done to his account, so that he can act where it was not him."""

    wire_name: ClassVar[str] = "notifier.send_security_notice.v1"
    queue: ClassVar[str] = "notifier.commands"
    sent_by: ClassVar[str] = "auth_worker"

    notice: SecurityNotice
    user: Person
    email: Email


class ActivityEntry(Model):
    id: UUID
    event_id: UUID
    actor: Person | None
    action: str
    resource_type: str
    resource_id: UUID
    task_id: UUID | None
    changes: dict[str, Any]
    summary: str
    created_at: Timestamp


class ActivityPosition(Model):
    created_at: Timestamp
    id: UUID


class ActivityPage(Model):
    next: ActivityPosition | None
    items: tuple[ActivityEntry, ...]


class ListActivity(Query[ActivityPage]):
    """Newest first: what the caller did, or everything that he may see."""

    wire_name: ClassVar[str] = "notifier.list_activity.v1"
    queue: ClassVar[str] = "notifier.queries"

    scope: Literal["mine", "visible"] = "mine"
    action: tuple[str, ...] = ()
    resource_type: tuple[ResourceType, ...] = ()
    task_id: UUID | None = None
    start: Timestamp | None = None
    end: Timestamp | None = None
    """Exclusive."""
    after: ActivityPosition | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class ListTimeline(Query[ActivityPage]):
    """What happened to one task, oldest first; to a deleted one for thirty days, and for its owner alone."""

    wire_name: ClassVar[str] = "notifier.list_timeline.v1"
    queue: ClassVar[str] = "notifier.queries"

    task_id: UUID
    after: ActivityPosition | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class ActivityCounts(Model):
    total_activities: int
    by_action: dict[str, int]
    by_resource: dict[str, int]


class CountActivity(Query[ActivityCounts]):
    """Of what the caller did."""

    wire_name: ClassVar[str] = "notifier.count_activity.v1"
    queue: ClassVar[str] = "notifier.queries"

    start: Timestamp | None = None
    end: Timestamp | None = None
    """Exclusive."""
