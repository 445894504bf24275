"""What people say about a task."""

from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field, StringConstraints

from contracts.message import Command, Model, Query
from contracts.people import Person
from contracts.tasks import COMMANDS, QUERIES, IfMatch, TaskEvent
from contracts.text import NORMALISED, SEVERAL_LINES
from contracts.timestamp import Timestamp

Content = Annotated[str, StringConstraints(min_length=1, max_length=1000), NORMALISED, SEVERAL_LINES]


class NewComment(Model):
    content: Content


class CommentPatch(Model):
    content: Content


class Comment(Model):
    id: UUID
    task_id: UUID
    author: Person
    content: str
    edited: bool
    version: int
    created_at: Timestamp
    updated_at: Timestamp


class AddComment(Command[Comment]):
    wire_name: ClassVar[str] = "tasks.add_comment.v1"
    queue: ClassVar[str] = COMMANDS
    success: ClassVar[int] = 201

    task_id: UUID
    comment_id: UUID
    content: Content


class EditComment(Command[Comment]):
    """`if_match` is of the comment, not of its task."""

    wire_name: ClassVar[str] = "tasks.edit_comment.v1"
    queue: ClassVar[str] = COMMANDS

    comment_id: UUID
    content: Content
    if_match: IfMatch = None


class DeleteComment(Command[None]):
    wire_name: ClassVar[str] = "tasks.delete_comment.v1"
    queue: ClassVar[str] = COMMANDS
    success: ClassVar[int] = 204

    comment_id: UUID
    if_match: IfMatch = None


class GetComment(Query[Comment]):
    wire_name: ClassVar[str] = "tasks.get_comment.v1"
    queue: ClassVar[str] = QUERIES

    comment_id: UUID


class CommentPosition(Model):
    created_at: Timestamp
    id: UUID


class CommentPage(Model):
    next: CommentPosition | None
    items: tuple[Comment, ...]


class ListComments(Query[CommentPage]):
    """Oldest first."""

    wire_name: ClassVar[str] = "tasks.list_comments.v1"
    queue: ClassVar[str] = QUERIES

    task_id: UUID
    after: CommentPosition | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class CommentEvent(TaskEvent):
    resource_type: ClassVar[str] = "comment"

    comment: Comment


class CommentAdded(CommentEvent):
    wire_name: ClassVar[str] = "tasks.comment_added.v1"
    action: ClassVar[str] = "created"


class CommentEdited(CommentEvent):
    wire_name: ClassVar[str] = "tasks.comment_edited.v1"
    action: ClassVar[str] = "updated"


class CommentDeleted(CommentEvent):
    """Holds the last representation."""

    wire_name: ClassVar[str] = "tasks.comment_deleted.v1"
    action: ClassVar[str] = "deleted"
