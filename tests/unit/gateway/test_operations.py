"""The table that routes are served from says everything that they can answer with."""

import pytest
from aiohttp import web

from contracts.catalogue import COMMANDS, QUERIES
from contracts.problems import PROBLEMS
from gateway.operation import Access
from gateway.routes import OPERATIONS
from gateway.routing import register

PARSER = {"malformed-request", "uri-too-long", "headers-too-large"}
ROUTER = {"method-not-allowed", "not-found"}
OF_LATER_OPERATIONS: set[str] = set()


def _codes(operation):
    return {problem.code for problem in operation.every_problem}


def _named(name):
    return next(operation for operation in OPERATIONS if operation.name == name)


def test_names_and_paths_are_unique():
    assert len({operation.name for operation in OPERATIONS}) == len(OPERATIONS)
    assert len({(operation.method, operation.path) for operation in OPERATIONS}) == len(OPERATIONS)


def test_every_problem_that_there_is_can_be_met():
    met = set().union(*(_codes(operation) for operation in OPERATIONS)) | PARSER | ROUTER
    assert met - PROBLEMS.keys() == set()
    assert PROBLEMS.keys() - met == OF_LATER_OPERATIONS


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_declarations_agree_with_one_another(operation):
    codes = _codes(operation)
    assert {"internal", "not-acceptable", "unknown-parameter", "unsupported-media-type"} <= codes
    assert ("unauthenticated" in codes) == (operation.access is not Access.ANYONE)
    assert ("insufficient-scope" in codes) == (operation.scope is not None)
    assert ("malformed-json" in codes) == (operation.body is not None)
    assert ("invalid-parameter" in codes) == (operation.query is not None)
    assert ("outcome-unknown" in codes) == operation.sends_command
    assert ("precondition-failed" in codes) == operation.conditional
    if operation.sends_command:
        assert operation.method != "GET"
        assert operation.success == operation.asks.success
        assert operation.asks in COMMANDS
        assert operation.reply is operation.asks.reply_type() or operation.success == 204
    elif operation.asks is not None:
        assert operation.asks in QUERIES


def test_a_few_in_full():
    assert _codes(_named("log_in")) == {
        "broker-unavailable",
        "database-unavailable",
        "deadline-exceeded",
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
        "validation-failed",
    }
    assert _codes(_named("livez")) == {"internal", "not-acceptable", "unknown-parameter", "unsupported-media-type"}


def test_every_get_is_a_head_too():
    app = web.Application()
    register(app, OPERATIONS)
    served = {(route.method, route.resource.canonical) for route in app.router.routes()}
    gets = {path for method, path in served if method == "GET"}
    assert gets == {path for method, path in served if method == "HEAD"}
    assert len([method for method, _ in served if method != "HEAD"]) == len(OPERATIONS)
