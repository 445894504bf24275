"""Declares `chassis.topology` on a broker, and tells how a broker differs from it."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any, Literal

from chassis.topology import OPERATOR, TOPOLOGY, Arguments, Binding, Exchange, Policy, Queue, Topology, User
from ops.errors import OpsError
from ops.management import Management, open_management

_OPERATOR = User(OPERATOR, configure=".*", write=".*", read=".*")
_OPERATOR_TAGS = "administrator"  # only an administrator may read the permissions that `--check` compares
_NO_PASSWORDS: Mapping[str, str] = MappingProxyType({})
# A RabbitMQ that is killed within the first second of a quorum queue has forgotten in which folder the queue lives:
# what it confirmed is lost, and a queue that was deleted just before comes back as one that nothing reaches.
_UNTIL_QUEUES_LAST = 2.0  # seconds
# What an exchange or a queue is when the topology says nothing else.
_LASTING = {"durable": True, "auto_delete": False}

Declared = Exchange | Queue | Binding | Policy | User


@dataclass(frozen=True)
class Difference:
    wanted: Declared
    problem: str
    kind: Literal["missing", "fixed", "changed", "surplus"]

    def __str__(self) -> str:
        return f"{describe(self.wanted)} {self.problem}"


@dataclass(frozen=True)
class Live:
    """What the management API says about one virtual host."""

    exchanges: Mapping[str, Mapping[str, Any]]
    queues: Mapping[str, Mapping[str, Any]]
    policies: Mapping[str, Mapping[str, Any]]
    permissions: Mapping[str, Mapping[str, Any]]
    bindings: frozenset[tuple[str, str, str, tuple[tuple[str, Any], ...]]]


def describe(declared: Declared) -> str:
    match declared:
        case Binding():
            what = " ".join(part for part in (declared.routing_key, _text(declared.arguments)) if part)
            return f"binding {declared.exchange} -> {declared.queue}" + (f" ({what})" if what else "")
        case _:
            return f"{type(declared).__name__.lower()} {declared.name}"


def _text(arguments: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in sorted(arguments.items()))


async def _read(api: Management, vhost: str) -> Live:
    exchanges, queues, policies, permissions, bindings = await asyncio.gather(
        *(api.get(kind, vhost) for kind in ("exchanges", "queues", "policies")),
        api.get("vhosts", vhost, "permissions"),
        api.get("bindings", vhost),
    )
    return Live(
        {each["name"]: each for each in exchanges},
        {each["name"]: each for each in queues},
        {each["name"]: each for each in policies},
        {each["user"]: each for each in permissions},
        frozenset(
            (each["source"], each["destination"], each["routing_key"], tuple(sorted(each["arguments"].items())))
            for each in bindings
            if each["destination_type"] == "queue" and each["source"]
        ),
    )


def _differences(topology: Topology, live: Live) -> Iterator[Difference]:
    """`fixed` is what RabbitMQ never changes once it is declared."""
    for exchange in topology.exchanges:
        wanted: dict[str, Any] = {"type": exchange.kind, "arguments": {}, **_LASTING}
        yield from _compare(exchange, wanted, live.exchanges.get(exchange.name), "fixed")
    for queue in topology.queues:
        wanted = {"arguments": dict(queue.arguments), **_LASTING}
        yield from _compare(queue, wanted, live.queues.get(queue.name), "fixed")
    for policy in topology.policies:
        yield from _compare(policy, _policy_body(policy), live.policies.get(policy.name), "changed")
    for user in topology.users:
        yield from _compare(user, _permissions(user), live.permissions.get(user.name), "changed")
    wanted_bindings = {_key(binding): binding for binding in topology.bindings}
    for key, binding in wanted_bindings.items():
        if key not in live.bindings:
            yield Difference(binding, "is missing.", "missing")
    ours = {queue.name for queue in topology.queues}
    for source, queue_name, routing_key, arguments in sorted(live.bindings - wanted_bindings.keys(), key=repr):
        if queue_name in ours:
            surplus = Binding(source, queue_name, routing_key, dict(arguments))
            yield Difference(surplus, "is not in the topology.", "surplus")


def _compare(
    declared: Declared, wanted: Mapping[str, Any], live: Mapping[str, Any] | None, kind: Literal["fixed", "changed"]
) -> Iterator[Difference]:
    if live is None:
        yield Difference(declared, "is missing.", "missing")
        return
    for name, value in wanted.items():
        if live[name] != value:
            shown = [_text(each) if isinstance(each, dict) else each for each in (live[name], value)]
            yield Difference(declared, f"has {name} {shown[0]!r}, and should have {shown[1]!r}.", kind)


def _key(binding: Binding) -> tuple[str, str, str, tuple[tuple[str, Any], ...]]:
    return binding.exchange, binding.queue, binding.routing_key, tuple(sorted(binding.arguments.items()))


def _policy_body(policy: Policy) -> dict[str, Any]:
    definition: Arguments = policy.definition
    return {"pattern": policy.pattern, "apply-to": policy.applies_to, "definition": dict(definition), "priority": 0}


def _permissions(user: User) -> dict[str, str]:
    return {"configure": user.configure, "write": user.write, "read": user.read}


async def differences(
    management_url: str, vhost: str, credentials: tuple[str, str], topology: Topology = TOPOLOGY
) -> list[Difference]:
    async with open_management(management_url, credentials) as api:
        return list(_differences(topology, await _read(api, vhost)))


async def declare(
    management_url: str,
    vhost: str,
    credentials: tuple[str, str],
    topology: Topology = TOPOLOGY,
    passwords: Mapping[str, str] = _NO_PASSWORDS,
) -> None:
    """Users that have no password in `passwords` are left alone. Nothing is ever deleted."""
    async with open_management(management_url, credentials) as api:
        await api.put("vhosts", vhost, body={})
        administrator = User(credentials[0], configure=".*", write=".*", read=".*")
        await asyncio.gather(
            api.put("permissions", vhost, administrator.name, body=_permissions(administrator)),
            *(
                api.put("users", user.name, body={"password": passwords[user.name], "tags": tags})
                for user, tags in _users(topology)
                if user.name in passwords
            ),
        )
        found = list(_differences(topology, await _read(api, vhost)))
        _refuse_fixed([difference for difference in found if difference.kind == "fixed"])
        todo = [difference.wanted for difference in found if difference.kind != "surplus"]
        await asyncio.gather(
            *(_put(api, vhost, each) for each in todo if isinstance(each, Exchange | Queue | Policy)),
            *(
                api.put("permissions", vhost, user.name, body=_permissions(user))
                for user, _ in _users(topology)
                if user.name in passwords
            ),
        )
        if any(isinstance(each, Queue | Binding) for each in todo):
            # Also where somebody else has just declared the queue.
            await asyncio.sleep(_UNTIL_QUEUES_LAST)
        # Only now can a message come in.
        await asyncio.gather(*(_put(api, vhost, each) for each in todo if isinstance(each, Binding)))


def _users(topology: Topology) -> Iterator[tuple[User, str]]:
    yield from ((user, "") for user in topology.users)
    yield _OPERATOR, _OPERATOR_TAGS


def _refuse_fixed(fixed: list[Difference]) -> None:
    if fixed:
        raise OpsError(
            "\n".join(str(difference) for difference in fixed)
            + "\nRabbitMQ cannot change these where they are. Let consumers empty the queue, delete it on the broker and "
            "declare again; on your own machine `taskmesh up --fresh` starts over."
        )


async def _put(api: Management, vhost: str, declared: Exchange | Queue | Policy | Binding) -> None:
    match declared:
        case Exchange(name, kind):
            await api.put("exchanges", vhost, name, body={"type": kind, "durable": True, "auto_delete": False})
        case Queue(name, arguments):
            body = {"durable": True, "auto_delete": False, "arguments": dict(arguments)}
            await api.put("queues", vhost, name, body=body)
        case Policy(name):
            await api.put("policies", vhost, name, body=_policy_body(declared))
        case Binding(exchange, queue, routing_key, arguments):
            body = {"routing_key": routing_key, "arguments": dict(arguments)}
            await api.post("bindings", vhost, "e", exchange, "q", queue, body=body)


def as_json(topology: Topology = TOPOLOGY) -> dict[str, Any]:
    return {
        "exchanges": [asdict(each) for each in topology.exchanges],
        "queues": [{"name": each.name, "arguments": dict(each.arguments)} for each in topology.queues],
        "bindings": [
            {"exchange": each.exchange, "queue": each.queue, "routing_key": each.routing_key}
            | {"arguments": dict(each.arguments)}
            for each in topology.bindings
        ],
        "policies": [_policy_body(each) | {"name": each.name} for each in topology.policies],
        "users": [asdict(each) for each in topology.users],
    }
