"""Subscribers of events: each a broker user with a queue of its own, and no right that it does not need."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from chassis.topology import EVENTS, EVENTS_LOG
from contracts.catalogue import EVENTS as ALL_EVENTS
from ops.errors import OpsError
from ops.management import open_management
from ops.servers import Broker

_NAME = re.compile(r"[a-z][a-z0-9-]{1,40}")
_PREFIX = "subscriber."
# What is not fetched is dropped from the front in the end: a subscriber that is away never stops a publisher.
_QUEUE = {"x-queue-type": "quorum", "x-delivery-limit": 20, "x-max-length": 1_000_000, "x-overflow": "drop-head"}


@dataclass(frozen=True)
class Subscriber:
    name: str
    queue: str
    uri: str


def routing_keys(types: Sequence[str]) -> list[str]:
    """`tasks.*` is every event of tasks, `tasks.task_created.v1` one, `*` all: as the broker has it."""
    return [_routing_key(pattern) for pattern in types]


def _routing_key(pattern: str) -> str:
    contexts = sorted({event.wire_name.partition(".")[0] for event in ALL_EVENTS})
    if pattern in ("*", "#"):
        return "#"
    context, _, rest = pattern.partition(".")
    if context not in contexts or not rest:
        raise OpsError(
            f"No event is called {pattern}. Names begin with {', '.join(contexts)}; write `tasks.*` or a whole name, "
            f"such as {ALL_EVENTS[0].wire_name}."
        )
    if rest in ("*", "#"):
        return f"{context}.#"
    if "*" in rest or not any(event.wire_name == pattern for event in ALL_EVENTS):
        raise OpsError(f"No event is called {pattern}. `taskmesh asyncapi` lists them all.")
    return pattern


async def add(broker: Broker, amqp: tuple[str, int], name: str, *, types: Sequence[str], stream: bool) -> Subscriber:
    """Again for a name that is there gives it a new password, and the types in addition."""
    if not _NAME.fullmatch(name):
        raise OpsError(
            f"`{name}` is no name for a subscriber: small letters, digits and dashes, beginning with a letter."
        )
    keys, user, password = routing_keys(types), f"{_PREFIX}{name}", secrets.token_urlsafe(24)
    queue = EVENTS_LOG.name if stream else user
    rights = {"configure": "^$", "write": "^$", "read": f"^{re.escape(queue)}$"}
    async with open_management(broker.management_url, broker.credentials) as api:
        if not stream:
            await api.put(
                "queues", broker.vhost, queue, body={"durable": True, "auto_delete": False, "arguments": _QUEUE}
            )
            for key in keys:
                await api.post("bindings", broker.vhost, "e", EVENTS, "q", queue, body={"routing_key": key})
        await api.put("users", user, body={"password": password, "tags": ""})
        await api.put("permissions", broker.vhost, user, body=rights)
    host, port = amqp
    uri = f"amqp://{quote(user)}:{quote(password)}@{host}:{port}/{quote(broker.vhost, safe='')}"
    return Subscriber(name, queue, uri)


async def remove(broker: Broker, name: str) -> None:
    user = f"{_PREFIX}{name}"
    async with open_management(broker.management_url, broker.credentials) as api:
        known = {each["name"] for each in await api.get("users")}
        if user not in known:
            raise OpsError(f"There is no subscriber {name}.")
        await api.delete("users", user)
        if user in {each["name"] for each in await api.get("queues", broker.vhost)}:
            await api.delete("queues", broker.vhost, user)


async def names(broker: Broker) -> list[str]:
    async with open_management(broker.management_url, broker.credentials) as api:
        users = [str(each["name"]) for each in await api.get("users")]
    return sorted(user.removeprefix(_PREFIX) for user in users if user.startswith(_PREFIX))
