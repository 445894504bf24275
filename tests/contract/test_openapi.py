"""The OpenAPI document says what is served: judged by a validator that is not ours, and against the routes themselves."""

from collections.abc import Iterator
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from aiohttp import web
from openapi_spec_validator import OpenAPIV31SpecValidator

from contracts.catalogue import EVENTS
from contracts.problems import PROBLEMS
from gateway.documents.openapi import openapi
from gateway.documents.schemas import event_schema
from gateway.routes import OPERATIONS
from gateway.routing import register

DOCUMENT = openapi(OPERATIONS, public_url="http://127.0.0.1:8080", version="0.1.0")
DESCRIBED = [
    (path, method, operation) for path, methods in DOCUMENT["paths"].items() for method, operation in methods.items()
]


def test_it_is_valid() -> None:
    OpenAPIV31SpecValidator(DOCUMENT).validate()


def test_it_describes_what_is_served_and_nothing_else() -> None:
    app = web.Application()
    register(app, OPERATIONS)
    served = {
        (route.method.lower(), operation.path)
        for operation in OPERATIONS
        for route in app.router.routes()
        if route.method == operation.method
    }
    assert {(method, path) for path, method, _ in DESCRIBED} == served


@pytest.mark.parametrize(("path", "method", "operation"), DESCRIBED, ids=[f"{m} {p}" for p, m, _ in DESCRIBED])
def test_every_operation_tells_its_statuses_and_codes(path: str, method: str, operation: dict[str, Any]) -> None:
    [declared] = [each for each in OPERATIONS if each.path == path and each.method.lower() == method]
    codes = {
        code
        for response in operation["responses"].values()
        for code in response.get("content", {}).get("application/problem+json", {}).get("examples", ())
    }
    assert codes == {problem.code for problem in declared.every_problem}
    assert str(declared.success) in operation["responses"]
    assert all("X-Request-Id" in response["headers"] for response in operation["responses"].values())


def _content(node: Any) -> Iterator[dict[str, Any]]:
    """Whatever has a schema and an example beside it."""
    if isinstance(node, dict):
        if "schema" in node and "example" in node:
            yield node
        for value in node.values():
            yield from _content(value)
    elif isinstance(node, list):
        for value in node:
            yield from _content(value)


def test_every_example_fits_its_schema() -> None:
    seen = 0
    for content in _content(DOCUMENT):
        schema = {**content["schema"], "components": DOCUMENT["components"]}
        jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).validate(content["example"])
        seen += 1
    assert seen > 50


def test_every_body_has_an_example() -> None:
    for _, _, operation in DESCRIBED:
        for content in operation.get("requestBody", {}).get("content", {}).values():
            assert "example" in content, operation["operationId"]


def test_every_problem_and_every_event_is_in_it() -> None:
    assert DOCUMENT["components"]["examples"].keys() == PROBLEMS.keys()
    assert DOCUMENT["webhooks"].keys() == {event.wire_name for event in EVENTS}


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.wire_name)
def test_the_schema_of_an_event_is_one(event: Any) -> None:
    schema = event_schema(event, public_url="http://127.0.0.1:8080")
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$id"].endswith(event.wire_name)
