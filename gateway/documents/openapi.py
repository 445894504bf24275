"""OpenAPI 3.1, from the table that the routes are served from."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from contracts.problems import PROBLEMS, ProblemType
from gateway.documents import parts
from gateway.documents.cloud_event import CloudEventDocument
from gateway.documents.examples import example_of
from gateway.documents.schemas import EVENTS_BY_NAME, Mode, Wanted, schemas_of
from gateway.operation import MERGE_PATCH, Access, Operation
from gateway.pages import Page

_AT = "#/components/schemas"
_PARAMETER = re.compile(r"\{(\w+)\}")
_WEBHOOK = re.compile(r"[^a-z0-9]+")


def openapi(operations: Iterable[Operation], *, public_url: str, version: str) -> dict[str, Any]:
    return _Document(tuple(operations)).whole(public_url, version)


def _wanted(operations: Iterable[Operation]) -> Iterator[Wanted]:
    yield Page, "serialization"
    yield CloudEventDocument, "serialization"
    for event in EVENTS_BY_NAME.values():
        yield event, "serialization"
    for operation in operations:
        if operation.body is not None:
            yield operation.body, "validation"
        if operation.query is not None:
            yield operation.query, "validation"
        if operation.reply is not None:
            yield operation.reply, "serialization"


class _Document:
    def __init__(self, operations: tuple[Operation, ...]) -> None:
        self._operations = operations
        self._references, self._definitions = schemas_of(_wanted(operations), at=_AT)
        for operation in operations:
            if operation.body is not None and MERGE_PATCH in operation.takes:
                self._forget_defaults(operation.body)
        # What stands in a query is spelt out as parameters.
        self._queries = {
            operation.query: self._definitions.pop(name, {})
            for operation in operations
            if operation.query is not None
            and (name := self._references[operation.query, "validation"]["$ref"].rpartition("/")[2])
            and name in self._definitions
        }

    def _forget_defaults(self, patch: type[BaseModel]) -> None:
        """A member that is absent from a patch stays as it is."""
        name = self._references[patch, "validation"]["$ref"].rpartition("/")[2]
        for member in self._definitions[name]["properties"].values():
            member.pop("default", None)

    def whole(self, public_url: str, version: str) -> dict[str, Any]:
        paths: defaultdict[str, dict[str, Any]] = defaultdict(dict)
        for operation in self._operations:
            paths[operation.path][operation.method.lower()] = self._operation(operation)
        return {
            "openapi": "3.1.0",
            "info": parts.INFO | {"version": version},
            "servers": [{"url": public_url}],
            "tags": [{"name": tag} for tag in dict.fromkeys(each.tag for each in self._operations)],
            "paths": dict(paths),
            "webhooks": {name: self._webhook(name) for name in EVENTS_BY_NAME},
            "components": {
                "schemas": self._definitions | {"Problem": parts.PROBLEM},
                "examples": {
                    problem.code: {"summary": problem.explanation, "value": parts.problem_example(problem)}
                    for problem in PROBLEMS.values()
                },
                "headers": parts.HEADERS,
                "parameters": parts.PARAMETERS,
                "securitySchemes": parts.SECURITY_SCHEMES,
            },
        }

    def _operation(self, operation: Operation) -> dict[str, Any]:
        described: dict[str, Any] = {
            "operationId": operation.name,
            "summary": operation.summary,
            "tags": [operation.tag],
            "security": _security(operation),
            "parameters": [*_path_parameters(operation), *self._query_parameters(operation), *_headers(operation)],
            "responses": dict(self._responses(operation)),
        }
        if operation.body is not None:
            content = self._content(operation.body, "validation")
            described["requestBody"] = {"required": True, "content": dict.fromkeys(operation.takes, content)}
        return described

    def _query_parameters(self, operation: Operation) -> Iterator[dict[str, Any]]:
        if operation.query is None:
            return
        model = self._queries[operation.query]
        for name, schema in model.get("properties", {}).items():
            bare = {key: value for key, value in schema.items() if key not in ("title", "description")}
            several = "array" in (bare.get("type"), *(each.get("type") for each in bare.get("anyOf", ())))
            yield {
                "name": name,
                "in": "query",
                "required": name in model.get("required", ()),
                "schema": bare,
                **({"description": schema["description"]} if "description" in schema else {}),
                **({"style": "form", "explode": False} if several else {}),
            }

    def _content(self, model: Any, mode: Mode) -> dict[str, Any]:
        reference = self._references[model, mode]
        return {"schema": reference, "example": example_of(reference, self._definitions)}

    def _responses(self, operation: Operation) -> Iterator[tuple[str, dict[str, Any]]]:
        yield str(operation.success), self._success(operation)
        if operation.versioned and operation.method == "GET":
            yield "304", parts.response("Not modified since If-None-Match", "ETag")
        if operation.takes_idempotency_key:
            if operation.success == 200:
                yield "204", parts.response("Done, as Prefer: return=minimal wants it told", "ETag")
            accepted = parts.response("Accepted; Location says where to follow it", "Location", "Preference-Applied")
            # What is always answered with 202 has a body only when it was asked for in the background.
            content = {"content": {"application/json": parts.ACCEPTED}} if operation.success != 202 else {}
            yield "202", accepted | content
        by_status: defaultdict[int, list[ProblemType]] = defaultdict(list)
        for problem in operation.every_problem:
            by_status[problem.status].append(problem)
        for status, problems in sorted(by_status.items()):
            yield str(status), _problem_response(operation, status, problems)

    def _success(self, operation: Operation) -> dict[str, Any]:
        names = [
            *(["ETag"] if operation.versioned else []),
            *(["Location"] if operation.location else []),
            *(["Link"] if operation.paged else []),
            *(["Idempotency-Replayed", "Preference-Applied"] if operation.takes_idempotency_key else []),
            *(["RateLimit", "RateLimit-Policy"] if operation.limits else []),
        ]
        response = parts.response(operation.summary, *names)
        if operation.reply is None:
            if operation.success not in (202, 204):
                response["content"] = {operation.gives: {"schema": {}}}
            return response
        content = self._content(operation.reply, "serialization")
        if operation.paged:
            page = self._content(Page, "serialization")
            content = {
                "schema": {
                    "type": "object",
                    "required": ["items", "page"],
                    "properties": {
                        "items": {"type": "array", "items": content["schema"]},
                        "page": page["schema"],
                    },
                },
                "example": {"items": [content["example"]], "page": page["example"]},
            }
        return response | {"content": {operation.gives: content}}

    def _webhook(self, name: str) -> dict[str, Any]:
        event = self._references[EVENTS_BY_NAME[name], "serialization"]
        envelope = self._references[CloudEventDocument, "serialization"]
        schema = {"allOf": [envelope, {"properties": {"type": {"const": name}, "data": event}}]}
        example = example_of(envelope, self._definitions) | {"type": name, "data": example_of(event, self._definitions)}
        return {
            "post": {
                "operationId": f"on_{_WEBHOOK.sub('_', name)}",
                "summary": (EVENTS_BY_NAME[name].__doc__ or name).strip().splitlines()[0],
                "tags": ["webhooks"],
                "parameters": parts.WEBHOOK_HEADERS,
                "requestBody": {
                    "required": True,
                    "content": {"application/cloudevents+json": {"schema": schema, "example": example}},
                },
                "responses": {
                    "2XX": {"description": "Received."},
                    "410": {"description": "Not wanted any more: the webhook is disabled."},
                    "default": {"description": "Not received: it is sent again later, with the same webhook-id."},
                },
            }
        }


def _security(operation: Operation) -> list[dict[str, list[str]]]:
    match operation.access:
        case Access.ANYONE:
            return []
        case Access.CALLER:
            return [{}, {"bearer": []}]
        case Access.USER:
            return [{"bearer": []}]


def _path_parameters(operation: Operation) -> Iterator[dict[str, Any]]:
    for name in _PARAMETER.findall(operation.path):
        kind = name.rsplit("_", 1)[-1]
        yield {"name": name, "in": "path", "required": True, "schema": parts.IN_PATHS.get(kind, {"type": "string"})}


def _headers(operation: Operation) -> Iterator[Mapping[str, str]]:
    wanted = {
        "Idempotency-Key": operation.takes_idempotency_key,
        "Prefer": operation.asks is not None,
        "If-Match": operation.conditional,
        "If-None-Match": operation.versioned and operation.method == "GET",
        "Last-Event-ID": operation.gives == "text/event-stream",
        "X-Request-Id": True,
        "traceparent": True,
    }
    for name, does in wanted.items():
        if does:
            yield {"$ref": f"#/components/parameters/{name}"}


def _problem_response(operation: Operation, status: int, problems: list[ProblemType]) -> dict[str, Any]:
    names = [
        *(
            ["Retry-After"]
            if status in (429, 503) or any(p.code == "idempotency-in-progress" for p in problems)
            else []
        ),
        *(["WWW-Authenticate"] if status == 401 else []),
        *(["Location"] if any(p.code == "outcome-unknown" for p in problems) else []),
        *(["RateLimit", "RateLimit-Policy"] if operation.limits else []),
    ]
    codes = [problem.code for problem in problems]
    return parts.response(" or ".join(PROBLEMS[code].title for code in codes), *names) | {
        "content": {
            "application/problem+json": {
                "schema": {
                    "allOf": [
                        {"$ref": f"{_AT}/Problem"},
                        {"properties": {"code": {"enum": codes}, "status": {"const": status}}},
                    ]
                },
                "examples": {code: {"$ref": f"#/components/examples/{code}"} for code in codes},
            }
        }
    }
