"""Which service handles which message, found from what the services subscribe to."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import auth_worker.app
import auth_worker.settings
import notifier.app
import task_worker.app
import task_worker.settings
from chassis.sealing import OpeningKeys
from chassis.subscription import AnyCommand, AnyQuery, BatchSubscription, EventSubscription
from chassis.topology import EVENTS, TOPOLOGY
from chassis.worker import Subscriptions
from contracts.message import Event, Message
from ops.migrate import WORKERS

SERVICE_OF_CONTEXT = {worker.schema: worker.role for worker in WORKERS}


@dataclass(frozen=True)
class Handler:
    service: str
    file: str


@cache
def every_subscription() -> Mapping[str, Subscriptions]:
    return {
        "auth_worker": _of_auth_worker(),
        "task_worker": _of_task_worker(),
        "notifier": notifier.app.subscriptions(allowed_networks=(), recorded=_nothing, due=_nothing),
    }


def _nothing(*_: object) -> None:
    pass


def _of_auth_worker() -> Subscriptions:
    """Its handlers are built from settings, so from some that lead nowhere; they are looked at and never called."""
    opening_keys = OpeningKeys(key := OpeningKeys.generate())
    settings = auth_worker.settings.Settings(
        amqp_url="amqp://nobody@nowhere",
        database_url="postgres://nobody@nowhere",
        sealing_keys=key,
        notifier_sealing_key=str(opening_keys.sealing_key),
    )
    nothing: Any = None
    return auth_worker.app.subscriptions(settings, opening_keys, signing_keys=nothing, passwords=nothing)


def _of_task_worker() -> Subscriptions:
    settings = task_worker.settings.Settings(
        amqp_url="amqp://nobody@nowhere",
        database_url="postgres://nobody@nowhere",
        object_storage_url="memory:///",
    )
    return task_worker.app.subscriptions(settings)


def handlers_of(message: type[Message]) -> list[Handler]:
    found = []
    for service, subscriptions in every_subscription().items():
        asked: list[AnyCommand | AnyQuery] = [*subscriptions.commands, *subscriptions.queries]
        found += [Handler(service, _file(each.handle)) for each in asked if each.message is message]
    return found


def _event_subscriptions() -> Iterator[tuple[str, EventSubscription | BatchSubscription[Any]]]:
    for service, subscriptions in every_subscription().items():
        for one in subscriptions.events:
            yield service, one
        for batched in subscriptions.event_batches:
            yield service, batched


def handlers_of_event(event: type[Event]) -> list[Handler]:
    keys = {event.wire_name, f"{event.wire_name.partition('.')[0]}.#"}
    queues = {bound.queue for bound in TOPOLOGY.bindings if bound.exchange == EVENTS and bound.routing_key in keys}
    return [
        Handler(service, _file(subscription.handle))
        for service, subscription in _event_subscriptions()
        if subscription.queue in queues
    ]


def event_handlers() -> list[Handler]:
    return [Handler(service, _file(subscription.handle)) for service, subscription in _event_subscriptions()]


def _file(handle: Any) -> str:
    module: str = handle.__module__
    return f"{module.replace('.', '/')}.py"
