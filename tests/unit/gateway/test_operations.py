"""The table that routes are served from says everything that they can answer with."""

from typing import Any

import pytest
from aiohttp import web

from contracts.catalogue import COMMANDS, QUERIES
from contracts.message import Command
from contracts.problems import PROBLEMS
from gateway.operation import Access, Operation
from gateway.routes import OPERATIONS
from gateway.routing import register

ROUTER = {"method-not-allowed", "not-found"}
OF_LATER_OPERATIONS: set[str] = set()


def _named(name: str) -> Any:
    return next(operation for operation in OPERATIONS if operation.name == name)


def test_names_and_paths_are_unique() -> None:
    assert len({operation.name for operation in OPERATIONS}) == len(OPERATIONS)
    assert len({(operation.method, operation.path) for operation in OPERATIONS}) == len(OPERATIONS)


def test_every_problem_that_there_is_can_be_met() -> None:
    met = set().union(*(operation.codes for operation in OPERATIONS)) | ROUTER
    assert met - PROBLEMS.keys() == set()
    assert PROBLEMS.keys() - met == OF_LATER_OPERATIONS


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_declarations_agree_with_one_another(operation: Operation) -> None:
    codes = operation.codes
    assert {"internal", "malformed-request", "uri-too-long", "headers-too-large", "not-acceptable"} <= codes
    assert {"unknown-parameter", "unsupported-media-type"} <= codes
    assert ("unauthenticated" in codes) == (operation.access is not Access.ANYONE)
    assert ("insufficient-scope" in codes) == (operation.scope is not None)
    assert ("malformed-json" in codes) == (operation.body is not None)
    assert ("invalid-parameter" in codes) == (operation.query is not None)
    assert ("outcome-unknown" in codes) == operation.sends_command
    assert ("precondition-failed" in codes) == operation.conditional
    if operation.asks is not None and issubclass(operation.asks, Command):
        assert operation.method != "GET"
        assert operation.success == operation.asks.success
        assert operation.asks in COMMANDS
        replies = operation.asks.reply_type()
        assert replies is None or issubclass(operation.reply, replies)
    elif operation.asks is not None:
        assert operation.asks in QUERIES


def test_a_few_in_full() -> None:
    assert _named("log_in").codes == {
        "broker-unavailable",
        "database-unavailable",
        "deadline-exceeded",
        "headers-too-large",
        "internal",
        "invalid-credentials",
        "malformed-json",
        "malformed-request",
        "not-acceptable",
        "outcome-unknown",
        "overloaded",
        "payload-too-large",
        "rate-limited",
        "request-timeout",
        "service-unavailable",
        "unknown-field",
        "unknown-parameter",
        "unsupported-media-type",
        "uri-too-long",
        "validation-failed",
    }
    assert _named("livez").codes == {
        "headers-too-large",
        "internal",
        "malformed-request",
        "not-acceptable",
        "overloaded",
        "unknown-parameter",
        "unsupported-media-type",
        "uri-too-long",
    }


def test_every_get_is_a_head_too() -> None:
    app = web.Application()
    register(app, OPERATIONS)
    served = {(route.method, resource.canonical) for resource in app.router.resources() for route in resource}
    gets = {path for method, path in served if method == "GET"}
    assert gets == {path for method, path in served if method == "HEAD"}
    assert len([method for method, _ in served if method != "HEAD"]) == len(OPERATIONS)
