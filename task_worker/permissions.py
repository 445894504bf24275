"""Who may do what to a task. The one table: every handler asks it, and a test walks every route through it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chassis.errors import Refusal
from contracts.comments import AddComment, DeleteComment, EditComment, GetComment, ListComments
from contracts.files import AttachFile, BeginUpload, GetFile, ListFiles, RemoveFile
from contracts.message import Message
from contracts.problems import FORBIDDEN, NOT_FOUND
from contracts.sharing import ChangeShare, ListShares, ShareTask, Unshare
from contracts.tasks import (
    AddTags,
    DeleteTask,
    GetTask,
    Permission,
    RemoveTag,
    RestoreTask,
    UpdateTask,
    UpdateTasks,
)

_RANKS: Mapping[Permission | None, int] = {None: 0, "view": 1, "edit": 2, "owner": 3}


@dataclass(frozen=True, slots=True)
class Rule:
    """The least permission that it takes; `own` where less will do for what the caller wrote, or was given, himself."""

    least: Permission | None
    """None: nobody may do it to what is another's."""
    own: Permission | None = None


MATRIX: Mapping[type[Message], Rule] = {
    GetTask: Rule("view"),
    UpdateTask: Rule("edit"),
    UpdateTasks: Rule("edit"),
    AddTags: Rule("edit"),
    RemoveTag: Rule("edit"),
    DeleteTask: Rule("owner"),
    RestoreTask: Rule("owner"),
    ListComments: Rule("view"),
    GetComment: Rule("view"),
    AddComment: Rule("view"),
    EditComment: Rule(None, own="view"),
    DeleteComment: Rule("owner", own="view"),
    ListFiles: Rule("view"),
    GetFile: Rule("view"),
    BeginUpload: Rule("edit"),
    AttachFile: Rule("edit"),
    RemoveFile: Rule("edit"),
    ListShares: Rule("edit"),
    ShareTask: Rule("owner"),
    ChangeShare: Rule("owner"),
    Unshare: Rule("owner", own="view"),
}


def may(message: type[Message], permission: Permission | None, *, own: bool = False) -> bool:
    rule = MATRIX[message]
    enough = [least for least in (rule.least, rule.own if own else None) if least is not None]
    return any(_RANKS[permission] >= _RANKS[least] for least in enough)


def require(message: Any, permission: Permission | None, *, own: bool = False) -> Permission:
    """A task that the caller may not see does not exist for him; one that he sees is only forbidden."""
    if permission is None:
        raise Refusal(NOT_FOUND)
    if not may(type(message), permission, own=own):
        raise Refusal(FORBIDDEN)
    return permission
