"""What a service answers to: which handler takes which message."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from asyncpg.pool import PoolConnectionProxy
from pydantic import ValidationError

from chassis.broker import Incoming
from chassis.cloudevents import CloudEvent
from chassis.envelope import Envelope
from chassis.errors import ParkReason, Refusal, Unprocessable
from contracts.message import Actor, Command, Event, Message
from contracts.problems import UNAUTHENTICATED

M = TypeVar("M", bound=Message)
R = TypeVar("R")

Tells = Sequence[Event | Command[None]]
"""Events for everybody, and commands to other services."""


Write = Callable[[PoolConnectionProxy, Sequence[Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a handler has beside its message: the envelope, and the connection whose transaction it works in."""

    envelope: Envelope
    connection: PoolConnectionProxy
    gathered: dict[Write, list[Any]] | None = None
    """What is written at the end of a transaction that is shared with others."""

    async def gather(self, write: Write, change: Any) -> None:
        """For rows that many commands change: of those that share a transaction, it is written once."""
        if self.gathered is None:
            await write(self.connection, [change])
        else:
            self.gathered.setdefault(write, []).append(change)

    @property
    def actor(self) -> Actor:
        if self.envelope.actor is None:
            raise Refusal(UNAUTHENTICATED)
        return self.envelope.actor

    @property
    def actor_id(self) -> UUID:
        return self.actor.id


class Answer:
    """A yes: what is replied, and what others are told once the transaction is committed."""

    __slots__ = ("reply", "tells")

    def __init__(self, reply: Any, *tells: Event | Command[None]) -> None:
        self.reply = reply
        self.tells: Tells = tells


def only(answers: Sequence[Answer | Refusal]) -> Answer:
    """Of the one command that was handled."""
    [answer] = answers
    if isinstance(answer, Refusal):
        raise answer
    return answer


@dataclass(frozen=True, slots=True)
class CommandSubscription(Generic[M]):
    """`changes` names the one aggregate that a command changes: such commands may share a transaction, in its order.

    They decide before they write, and touch nothing but the database.
    `handle_all` does what `handle` does, for several at once; each changes an aggregate of its own. What it refuses is
    returned, so that the others go on.
    """

    message: type[M]
    handle: Callable[[M, Delivery], Awaitable[Answer]]
    changes: Callable[[M], UUID] | None = None
    handle_all: Callable[[Sequence[M], Sequence[Delivery]], Awaitable[Sequence[Answer | Refusal]]] | None = None


@dataclass(frozen=True, slots=True)
class QuerySubscription(Generic[M]):
    message: type[M]
    handle: Callable[[M, Delivery], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class EventSubscription:
    """Takes every event that is bound to `queue`, each for itself."""

    queue: str
    handle: Callable[[CloudEvent, Delivery], Awaitable[Tells]]


@dataclass(frozen=True, slots=True)
class BatchSubscription(Generic[R]):
    """Takes every event that is bound to `queue`, as they were published, and at once those that wait together.

    What `handle` makes of them, if anything, is given to `committed` when it is committed.
    `of_concern` leaves out those that nothing has to be done about, however often they come: they open no transaction.
    `takes_in_itself`: `handle` knows what it had before, and writes in one statement, that needs no transaction.
    """

    queue: str
    handle: Callable[[Sequence[CloudEvent], PoolConnectionProxy], Awaitable[R]]
    committed: Callable[[R], None]
    of_concern: Callable[[Sequence[CloudEvent], PoolConnectionProxy], Awaitable[Sequence[CloudEvent]]] | None = None
    takes_in_itself: bool = False


AnyCommand = CommandSubscription[Any]
AnyQuery = QuerySubscription[Any]


def unhandled(wire_name: str, known: Iterable[str]) -> Unprocessable:
    """Another version of a message that is handled here is told apart from one that has no business here."""
    name = wire_name.rpartition(".")[0]
    if name and any(name == other.rpartition(".")[0] for other in known):
        return Unprocessable("version", f"this release does not handle {wire_name}")
    return Unprocessable("unhandled", f"nothing here handles {wire_name or 'a message without a type'}")


def read_body(message: type[M], incoming: Incoming) -> M:
    try:
        return message.model_validate_json(incoming.body)
    except ValidationError as error:
        lines = error.errors(include_input=False, include_url=False)
        # Where the body is wrong, without what stands there.
        places = "; ".join(f"{'.'.join(map(str, line['loc']))}: {line['type']}" for line in lines)
        reason: ParkReason = "decode" if lines[0]["type"] == "json_invalid" else "validation"
        raise Unprocessable(reason, places[:500]) from error
