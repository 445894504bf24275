"""Who else may see a task."""

from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from contracts.message import Command, Model, Query
from contracts.people import Person, Username
from contracts.tasks import COMMANDS, QUERIES, IfMatch, TaskEvent
from contracts.timestamp import Timestamp

Level = Literal["view", "edit"]


class NewShare(Model):
    shared_with_username: Username
    permission: Level = "view"


class ShareLevel(Model):
    permission: Level


class Share(Model):
    """`version` is the task's: a share is part of its task."""

    task_id: UUID
    user: Person
    permission: Level
    shared_at: Timestamp
    version: int


class ShareTask(Command[Share]):
    """`user` comes from auth_worker, which the gateway asked first."""

    wire_name: ClassVar[str] = "tasks.share_task.v1"
    queue: ClassVar[str] = COMMANDS
    success: ClassVar[int] = 201

    task_id: UUID
    user: Person
    permission: Level
    if_match: IfMatch = None


class ChangeShare(Command[Share]):
    wire_name: ClassVar[str] = "tasks.change_share.v1"
    queue: ClassVar[str] = COMMANDS

    task_id: UUID
    username: Username
    permission: Level
    if_match: IfMatch = None


class Unshare(Command[None]):
    """Revoked by the owner, or left by the person himself."""

    wire_name: ClassVar[str] = "tasks.unshare.v1"
    queue: ClassVar[str] = COMMANDS
    success: ClassVar[int] = 204

    task_id: UUID
    username: Username
    if_match: IfMatch = None


class SharePosition(Model):
    shared_at: Timestamp
    user_id: UUID


class SharePage(Model):
    next: SharePosition | None
    items: tuple[Share, ...]


class ListShares(Query[SharePage]):
    """Oldest first."""

    wire_name: ClassVar[str] = "tasks.list_shares.v1"
    queue: ClassVar[str] = QUERIES

    task_id: UUID
    after: SharePosition | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class ShareEvent(TaskEvent):
    resource_type: ClassVar[str] = "share"

    share: Share


class TaskShared(ShareEvent):
    wire_name: ClassVar[str] = "tasks.task_shared.v1"
    action: ClassVar[str] = "shared"


class ShareUpdated(ShareEvent):
    wire_name: ClassVar[str] = "tasks.share_updated.v1"
    action: ClassVar[str] = "share_updated"


class TaskUnshared(ShareEvent):
    """Told to the person who may no longer see the task, too."""

    wire_name: ClassVar[str] = "tasks.task_unshared.v1"
    action: ClassVar[str] = "unshared"
