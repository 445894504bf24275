"""What a user is told of, and how."""

from datetime import time
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    StringConstraints,
    model_serializer,
)
from pydantic_core import PydanticCustomError

from contracts.message import Command, Event, Model, Query
from contracts.pages import IdPosition
from contracts.people import Person
from contracts.timestamp import Timestamp

QUEUE = "notifier.commands"

Kind = Literal[
    "task_shared_with_me",
    "share_changed",
    "task_completed",
    "comment_on_my_task",
    "mention",
    "task_due_soon",
    "task_overdue",
    "security",
]


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise PydanticCustomError("timezone", "must be a name of the time zone database")
    return name


TimeOfDay = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Zone = Annotated[str, StringConstraints(max_length=64), AfterValidator(_zone)]
LeadMinutes = Annotated[int, Field(ge=0, le=20_160)]


class Channels(Model):
    email: bool = True
    in_app: bool = True
    webhook: bool = True


class QuietHours(Model):
    """Mail waits until `end`. From evening to morning where `start` is later than `end`."""

    start: TimeOfDay
    end: TimeOfDay
    timezone: Zone

    @property
    def bounds(self) -> tuple[time, time]:
        return time.fromisoformat(self.start), time.fromisoformat(self.end)


def _kinds() -> dict[Kind, Channels]:
    """Everything, but no mail about what others finish: as it has always been."""
    kinds: dict[Kind, Channels] = {
        "task_shared_with_me": Channels(),
        "share_changed": Channels(),
        "task_completed": Channels(email=False),
        "comment_on_my_task": Channels(),
        "mention": Channels(),
        "task_due_soon": Channels(),
        "task_overdue": Channels(),
        "security": Channels(),
    }
    return kinds


class Preferences(Model):
    email_enabled: bool = True
    kinds: dict[Kind, Channels] = Field(default_factory=_kinds)
    quiet_hours: QuietHours | None = None
    muted_until: Timestamp | None = None
    due_soon_lead_minutes: int = 1440
    version: int = 1


class _Written(Model):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    @model_serializer(mode="wrap")
    def _only_what_was_named(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in handler(self).items() if name in self.model_fields_set}


class ChannelsPatch(_Written):
    email: bool = True
    in_app: bool = True
    webhook: bool = True


class NewQuietHours(Model):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    start: TimeOfDay
    end: TimeOfDay
    timezone: Zone = "UTC"


class PreferencesPatch(_Written):
    """RFC 7396. The four booleans beside `kinds` are short for its e-mail channel."""

    email_enabled: bool = True
    kinds: dict[Kind, ChannelsPatch] = Field(default_factory=dict)
    quiet_hours: NewQuietHours | None = None
    muted_until: Annotated[Timestamp, Field(strict=False)] | None = None
    due_soon_lead_minutes: LeadMinutes = 1440
    task_shared_with_me: bool = True
    task_completed: bool = True
    comment_on_my_task: bool = True
    task_due_soon: bool = True


class Notification(Model):
    id: UUID
    event_id: UUID
    kind: Kind
    task_id: UUID | None
    actor: Person | None
    summary: str
    created_at: Timestamp
    read_at: Timestamp | None


class GetPreferences(Query[Preferences]):
    wire_name: ClassVar[str] = "notifier.get_preferences.v1"
    queue: ClassVar[str] = "notifier.queries"


class UpdatePreferences(Command[Preferences]):
    wire_name: ClassVar[str] = "notifier.update_preferences.v1"
    queue: ClassVar[str] = QUEUE

    patch: PreferencesPatch
    if_match: tuple[int, ...] | None = None


class NotificationPage(Model):
    next: IdPosition | None
    items: tuple[Notification, ...]


class ListNotifications(Query[NotificationPage]):
    """Newest first."""

    wire_name: ClassVar[str] = "notifier.list_notifications.v1"
    queue: ClassVar[str] = "notifier.queries"

    unread: bool = False
    after: IdPosition | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class NotificationCount(Model):
    count: int


class CountUnread(Query[NotificationCount]):
    wire_name: ClassVar[str] = "notifier.count_unread.v1"
    queue: ClassVar[str] = "notifier.queries"


class MarkRead(Command[Notification]):
    wire_name: ClassVar[str] = "notifier.mark_read.v1"
    queue: ClassVar[str] = QUEUE

    notification_id: UUID


class MarkAllRead(Command[NotificationCount]):
    """The count is of those that were unread."""

    wire_name: ClassVar[str] = "notifier.mark_all_read.v1"
    queue: ClassVar[str] = QUEUE


class PreferencesUpdated(Event):
    wire_name: ClassVar[str] = "notifier.preferences_updated.v1"
    action: ClassVar[str] = "updated"
    resource_type: ClassVar[str] = "preferences"

    user: Person
    preferences: Preferences
    changes: dict[str, Any]
    actor: Person
    audience: tuple[UUID, ...]

    @property
    def aggregate_id(self) -> UUID:
        return self.user.id

    @property
    def aggregate_version(self) -> int:
        return self.preferences.version
