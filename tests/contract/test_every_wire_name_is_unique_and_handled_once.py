import re
from collections import Counter
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import pytest

import contracts
from contracts.catalogue import COMMANDS, EVENTS, QUERIES
from contracts.message import Command, Event, Message, Query
from contracts.outcomes import FindCommand
from ops.generate.handlers import (
    SERVICE_OF_CONTEXT,
    Handler,
    event_handlers,
    every_subscription,
    handlers_of,
    handlers_of_event,
)
from ops.state import ROOT

EVERYTHING: tuple[type[Message], ...] = (*COMMANDS, *QUERIES, *EVENTS)
ANSWERED_BY_EVERY_WORKER = {FindCommand}
MODULES = [import_module(f"contracts.{found.name}") for found in iter_modules(contracts.__path__)]


def in_snake_case(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def test_no_two_messages_share_a_wire_name() -> None:
    assert [name for name, times in Counter(message.wire_name for message in EVERYTHING).items() if times > 1] == []


def test_every_message_is_in_the_catalogue() -> None:
    written = {
        value
        for module in MODULES
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Message) and "wire_name" in vars(value)
    }
    assert written == set(EVERYTHING)


@pytest.mark.parametrize("message", EVERYTHING, ids=lambda message: message.wire_name)
def test_a_wire_name_says_whose_what_and_which_version(message: type[Message]) -> None:
    context, name, version = message.wire_name.split(".")
    assert context in {*SERVICE_OF_CONTEXT, "chassis"}
    assert name == in_snake_case(message.__name__)
    assert re.fullmatch(r"v[1-9][0-9]*", version)


@pytest.mark.parametrize(
    "message",
    [message for message in (*COMMANDS, *QUERIES) if message not in ANSWERED_BY_EVERY_WORKER],
    ids=lambda message: message.wire_name,
)
def test_what_is_asked_is_answered_by_its_owner_in_a_file_of_that_name(
    message: type[Command[Any]] | type[Query[Any]],
) -> None:
    context, name, _ = message.wire_name.split(".")
    service = SERVICE_OF_CONTEXT[context]
    assert handlers_of(message) == [Handler(service, f"{service}/handlers/{name}.py")]
    assert message.queue.partition(".")[0] == context


def test_nobody_subscribes_to_what_is_in_no_catalogue() -> None:
    subscribed: set[type[Message]] = set()
    for subscriptions in every_subscription().values():
        subscribed |= {command.message for command in subscriptions.commands}
        subscribed |= {query.message for query in subscriptions.queries}
    assert subscribed == {*COMMANDS, *QUERIES} - ANSWERED_BY_EVERY_WORKER


def test_every_file_of_a_handler_is_of_something_that_is_subscribed_to() -> None:
    used = {handler.file for message in (*COMMANDS, *QUERIES) for handler in handlers_of(message)}
    used |= {handler.file for handler in event_handlers()}
    files = {str(file.relative_to(ROOT)) for file in ROOT.glob("*_worker/handlers/*.py")}
    files |= {str(file.relative_to(ROOT)) for file in ROOT.glob("notifier/handlers/*.py")}
    assert {file for file in files if not file.endswith("__init__.py")} == used


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.wire_name)
def test_an_event_says_what_happened_to_what(event: type[Event]) -> None:
    assert re.fullmatch(r"[a-z]+", event.resource_type)
    assert re.fullmatch(r"[a-z_]+", event.action)
    recorded = Handler("notifier", "notifier/handlers/record_activity.py")
    notified = Handler("notifier", "notifier/handlers/notify.py")
    assert {recorded, notified} <= set(handlers_of_event(event))


def test_no_two_events_are_the_same_words_in_the_activity_log() -> None:
    words = Counter((event.resource_type, event.action) for event in EVENTS)
    assert [pair for pair, times in words.items() if times > 1] == []
