"""Exchanges, queues, bindings, policies and users, as data.

Declared by `taskmesh topology` before a service starts; a service only checks that what it needs is there.
Valid on RabbitMQ 3.10 and 4.x.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

Arguments = Mapping[str, str | int | bool]

COMMANDS = "taskmesh.commands"
REPLIES = "taskmesh.replies"
EVENTS = "taskmesh.events"
RETRY = "taskmesh.retry"
PARKING = "taskmesh.parking"
DEAD = "taskmesh.dead"
UNROUTED = "taskmesh.unrouted"
FEED = "taskmesh.feed"

OPERATOR = "operator"
"""The user of people, who may do everything."""

RETRY_TIERS: Mapping[str, int] = MappingProxyType(
    {"5s": 5_000, "30s": 30_000, "2m": 120_000, "10m": 600_000, "1h": 3_600_000}
)  # milliseconds


@dataclass(frozen=True)
class Exchange:
    name: str
    kind: Literal["direct", "topic", "fanout", "headers"]


@dataclass(frozen=True)
class Queue:
    name: str
    arguments: Arguments


@dataclass(frozen=True)
class Binding:
    exchange: str
    queue: str
    routing_key: str = ""
    arguments: Arguments = field(default_factory=dict)


@dataclass(frozen=True)
class Policy:
    """Set by policy where an argument would stop subscribers from declaring the exchange themselves."""

    name: str
    pattern: str
    applies_to: Literal["exchanges", "queues"]
    definition: Arguments


@dataclass(frozen=True)
class User:
    """What a service may do on the broker, as anchored patterns over names."""

    name: str
    configure: str
    write: str
    read: str


@dataclass(frozen=True)
class Topology:
    exchanges: tuple[Exchange, ...]
    queues: tuple[Queue, ...]
    bindings: tuple[Binding, ...]
    policies: tuple[Policy, ...]
    users: tuple[User, ...]


# A dead letter is kept until the parking queue has it, which RabbitMQ only promises together with reject-publish.
_SAFE: Arguments = {
    "x-queue-type": "quorum",
    "x-dead-letter-exchange": DEAD,
    "x-dead-letter-strategy": "at-least-once",
    "x-overflow": "reject-publish",
    "x-delivery-limit": 20,
}


def _commands(name: str, *, max_length: int) -> Queue:
    """`max_length` is about throughput times deadline: what is behind it could not be answered in time."""
    return Queue(name, {**_SAFE, "x-max-length": max_length})


def _queries(name: str) -> Queue:
    return Queue(name, {"x-queue-type": "classic", "x-max-length": 2_000, "x-overflow": "reject-publish"})


def _retry(tier: str, milliseconds: int) -> Queue:
    return Queue(
        f"retry.{tier}",
        {
            "x-queue-type": "quorum",
            "x-message-ttl": milliseconds,
            "x-dead-letter-exchange": RETRY,
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",
        },
    )


COMMAND_QUEUES = (
    _commands("auth.commands", max_length=2_000),
    _commands("auth.passwords", max_length=300),
    _commands("tasks.commands", max_length=5_000),
    # Its commands come from outboxes, which would only try again: nothing is gained by refusing them.
    Queue("notifier.commands", _SAFE),
)
QUERY_QUEUES = (_queries("auth.queries"), _queries("tasks.queries"), _queries("notifier.queries"))

# No max-length: a slow subscriber must never make the publish fail for the others.
# One active consumer, because it assigns the positions of the feed.
ACTIVITY = Queue("notifier.activity", {**_SAFE, "x-single-active-consumer": True})

NOTIFICATIONS = Queue("notifier.notifications", _SAFE)
# For subscribers that start with an x-stream-offset; append-only, so that a second reader sees what the first did.
EVENTS_LOG = Queue("events.log", {"x-queue-type": "stream", "x-max-age": "30D"})
# Of other services' events, the few that tasks depend on.
TASK_EVENTS = Queue("tasks.events", _SAFE)
_TASK_EVENT_KEYS = ("auth.user_deleted.v1", "notifier.preferences_updated.v1")

# Never -1: RabbitMQ 3.10 loses such a message at its first return.
PARKED = Queue("parking", {"x-queue-type": "quorum", "x-delivery-limit": 1_000_000})
EXPIRED = Queue(
    "expired",
    {
        "x-queue-type": "quorum",
        "x-max-length": 10_000,
        "x-overflow": "drop-head",
        "x-message-ttl": 86_400_000,
        "x-delivery-limit": 1_000_000,
    },
)
EVENTS_UNROUTED = Queue(
    "events.unrouted",
    {"x-queue-type": "quorum", "x-max-length": 100_000, "x-overflow": "drop-head", "x-delivery-limit": 1_000_000},
)


def _bindings() -> Iterator[Binding]:
    for queue in (*COMMAND_QUEUES, *QUERY_QUEUES):
        yield Binding(COMMANDS, queue.name, queue.name)
    for queue in (*COMMAND_QUEUES, ACTIVITY, NOTIFICATIONS, TASK_EVENTS):
        yield Binding(RETRY, queue.name, queue.name)
    for context in ("auth", "tasks", "notifier"):
        for queue in (ACTIVITY, NOTIFICATIONS, EVENTS_LOG):
            yield Binding(EVENTS, queue.name, f"{context}.#")
    for key in _TASK_EVENT_KEYS:
        yield Binding(EVENTS, TASK_EVENTS.name, key)
    for tier in RETRY_TIERS:
        yield Binding(f"{RETRY}.{tier}", f"retry.{tier}")
    yield Binding(PARKING, PARKED.name)
    yield Binding(UNROUTED, EVENTS_UNROUTED.name)
    # Every reason needs a home: an at-least-once dead letter that cannot be routed stays in its queue for ever.
    for reason, queue in (("rejected", PARKED), ("delivery_limit", PARKED), ("expired", EXPIRED)):
        yield Binding(DEAD, queue.name, arguments={"x-match": "any-with-x", "x-first-death-reason": reason})


def _worker(name: str, *reads: str) -> User:
    queues = "|".join(queue.replace(".", r"\.") for queue in reads)
    return User(
        name,
        configure="^$",
        write=r"^taskmesh\.(replies|events|commands|parking|retry\.[0-9]+[smh])$",
        read=f"^({queues})$",
    )


USERS = (
    User(
        "gateway",
        configure=r"^gateway\.(replies|feed)\.[0-9a-f]{32}$",
        write=r"^(taskmesh\.commands|gateway\.(replies|feed)\.[0-9a-f]{32})$",
        # It binds its own queues to all three: to the events for those that end a session or an API token.
        read=r"^(taskmesh\.(replies|feed|events)|gateway\.(replies|feed)\.[0-9a-f]{32})$",
    ),
    _worker("auth_worker", "auth.commands", "auth.passwords", "auth.queries"),
    _worker("task_worker", "tasks.commands", "tasks.queries", "tasks.events"),
    # A worker that asks too, for addresses, and that feeds the gateways.
    User(
        "notifier",
        configure=r"^notifier\.replies\.[0-9a-f]{32}$",
        write=r"^(taskmesh\.(replies|events|commands|feed|parking|retry\.[0-9]+[smh])|notifier\.replies\.[0-9a-f]{32})$",
        read=r"^(notifier\.(commands|queries|activity|notifications|replies\.[0-9a-f]{32})|parking|taskmesh\.replies)$",
    ),
)

TOPOLOGY = Topology(
    exchanges=(
        Exchange(COMMANDS, "direct"),
        Exchange(REPLIES, "direct"),
        Exchange(EVENTS, "topic"),
        Exchange(FEED, "fanout"),
        Exchange(RETRY, "direct"),
        *(Exchange(f"{RETRY}.{tier}", "fanout") for tier in RETRY_TIERS),
        Exchange(PARKING, "fanout"),
        Exchange(DEAD, "headers"),
        Exchange(UNROUTED, "fanout"),
    ),
    queues=(
        *COMMAND_QUEUES,
        *QUERY_QUEUES,
        ACTIVITY,
        NOTIFICATIONS,
        EVENTS_LOG,
        TASK_EVENTS,
        *(_retry(tier, milliseconds) for tier, milliseconds in RETRY_TIERS.items()),
        PARKED,
        EXPIRED,
        EVENTS_UNROUTED,
    ),
    bindings=tuple(_bindings()),
    policies=(Policy("events-unrouted", r"^taskmesh\.events$", "exchanges", {"alternate-exchange": UNROUTED}),),
    users=USERS,
)
