"""The feed: every event at its position, in the order of commitment."""

from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field, StringConstraints

from contracts.message import Actor, Command, Model, Query

EventPattern = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_.*]{1,100}$")]
"""A wire name, in which `*` stands for anything: `tasks.*`, `tasks.task_*.v1`."""

EventPatterns = Annotated[tuple[EventPattern, ...], Field(max_length=50)]
"""Any of them; none lets every event through."""

Position = Annotated[int, Field(ge=0)]


class FeedEvent(Model):
    """`text` is the whole CloudEvent in JSON, its data byte for byte as published."""

    position: Position
    id: UUID
    type: str
    task_id: UUID | None
    readers: tuple[UUID, ...]
    """Who may see it."""
    text: str


class FeedPage(Model):
    """`after` is where the next page begins, whether or not there is anything on this one."""

    items: tuple[FeedEvent, ...]
    after: Position
    has_more: bool


class ListEvents(Query[FeedPage]):
    """What the caller may see now. Without `after` from the oldest that is kept."""

    wire_name: ClassVar[str] = "notifier.list_events.v1"
    queue: ClassVar[str] = "notifier.queries"

    after: Position | None = None
    types: EventPatterns = ()
    task_id: UUID | None = None
    limit: Annotated[int, Field(ge=1, le=500)] = 100


class FindHead(Query[FeedPage]):
    """The last position that there is, as a page without items."""

    wire_name: ClassVar[str] = "notifier.find_head.v1"
    queue: ClassVar[str] = "notifier.queries"


class ReadFeed(Query[FeedPage]):
    """Everybody's events, for a gateway that missed some: it shows each only to its readers."""

    wire_name: ClassVar[str] = "notifier.read_feed.v1"
    queue: ClassVar[str] = "notifier.queries"

    after: Position
    limit: Annotated[int, Field(ge=1, le=500)] = 200


class FeedNews(Model):
    """What the notifier tells every gateway: new events, and how far the feed goes."""

    items: tuple[FeedEvent, ...]
    head: Position


class RedeemTicket(Command[Actor]):
    """A ticket opens one stream, whichever gateway it comes to."""

    wire_name: ClassVar[str] = "notifier.redeem_ticket.v1"
    queue: ClassVar[str] = "notifier.commands"

    ticket_id: UUID
    actor: Actor
