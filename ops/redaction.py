"""The shape of what a user wrote, without what he wrote."""

import json
from collections.abc import Mapping
from typing import Any

_OF_A_PERSON = ("x-actor", "x-idempotency-key", "x-request-sha")


def redact_body(body: bytes) -> str:
    try:
        value = json.loads(body)
    except ValueError:
        return f"<{len(body)} bytes that are no JSON>"
    return json.dumps(_shape(value))


def redact_headers(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: "<redacted>" if name in _OF_A_PERSON else value for name, value in headers.items()}


def _shape(value: Any) -> Any:
    match value:
        case dict():
            return {name: _shape(each) for name, each in value.items()}
        case list():
            return [_shape(each) for each in value]
        case str():
            return f"<text of {len(value)}>"
        case bool() | None:
            return value
        case _:
            return "<number>"
