from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict

R = TypeVar("R")


class Model(BaseModel):
    """Frozen data. Unknown fields are ignored, so that a sender may be one release ahead of its reader."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Message(Model):
    """`wire_name` is written out on every class, so that renaming a class never changes the protocol."""

    wire_name: ClassVar[str]


class Actor(Model):
    """Who asks. `None` where an actor is expected means nobody has logged in."""

    id: UUID
    username: str
    session_id: UUID | None = None
    scopes: tuple[str, ...] = ()


class _Asked(Message, Generic[R]):
    queue: ClassVar[str]

    @classmethod
    def reply_type(cls) -> Any:
        for base in cls.__mro__:
            arguments = getattr(base, "__pydantic_generic_metadata__", {}).get("args", ())
            if arguments:
                return arguments[0]
        raise TypeError(f"{cls.__name__} does not say what it is answered with")


class Command(_Asked[R], Generic[R]):
    """Changes state. Waits in the durable `queue` of its owner; executed once in effect.

    `success` is the HTTP status of the answer yes.
    `reply_is_secret` keeps the reply out of the inbox: a redelivery works it out again.
    `sent_by` is the one broker user that the command is taken from.
    """

    success: ClassVar[int] = 200
    reply_is_secret: ClassVar[bool] = False
    sent_by: ClassVar[str] = "gateway"


class Query(_Asked[R], Generic[R]):
    """Reads. Never written to disk, and lost with its deadline."""


class Event(Message):
    """Something happened to one aggregate. `action` and `resource_type` are its words in the activity log."""

    action: ClassVar[str]
    resource_type: ClassVar[str]
    aggregate_type: ClassVar[str | None] = None
    """Where it is another than `resource_type`: a comment is part of its task."""

    @property
    def aggregate_id(self) -> UUID:
        raise TypeError(f"{type(self).__name__} does not say what it happened to")

    @property
    def aggregate_version(self) -> int:
        raise TypeError(f"{type(self).__name__} does not say which version it made")
