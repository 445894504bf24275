"""One example for any schema of ours: what stands in it, or a value that reads well under the member's name."""

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]

_ID = "0197d0a0-5c1e-7b3a-9f2d-3b6f2a9c4e10"
_TIME = "2026-11-25T12:00:00.000000Z"
_BY_FORMAT = {
    "uuid": _ID,
    "date-time": _TIME,
    "date": "2026-12-01",
    "uri": "https://example.org/hook",
    "binary": "…",
}
_BY_NAME = {
    "title": "Water the plants",
    "description": "The ones on the balcony too.",
    "username": "ada",
    "shared_with_username": "grace",
    "email": "ada@example.org",
    "password": "Analytical-Engine-1843",
    "current_password": "Analytical-Engine-1843",
    "new_password": "Difference-Engine-1822",
    "tag": "home",
    "content": "Done by noon.",
    "url": "https://example.org/hook",
    "code": "not-found",
    "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "sequence": "00000000000000000001",
    "position": "00000000000000000042",
    "time": _TIME,
    "source": "/taskmesh/task_worker",
    "subject": f"task/{_ID}",
    "dataschema": "http://127.0.0.1:8080/schemas/tasks.task_created.v1",
    "partitionkey": _ID,
    "timezone": "Europe/Berlin",
    "start": "22:00",
    "end": "07:00",
    "secret": "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
    "version": "0.1.0",
    "next_cursor": "eyJpZCI6IjAxOTdkMGEwIn0",
    "action": "created",
    "resource_type": "task",
    "summary": "Created “Water the plants”",
    "types": "tasks.*",
    "event_types": "tasks.*",
    "type": "tasks.task_created.v1",
    "scope": "tasks:read",
    "after": "00000000000000000042",
}


def example_of(schema: Schema, definitions: Mapping[str, Schema], name: str = "") -> Any:
    """`name` is the member that the value stands under."""
    if "$ref" in schema:
        return example_of(definitions[schema["$ref"].rpartition("/")[2]], definitions, name)
    for given in ("const", "default"):
        if schema.get(given) is not None:
            return schema[given]
    for listed in ("examples", "enum"):
        if schema.get(listed):
            return schema[listed][0]
    for variants in ("anyOf", "oneOf", "allOf"):
        if variants in schema:
            return example_of(next(each for each in schema[variants] if each.get("type") != "null"), definitions, name)
    return _by_type(schema, definitions, name)


def _by_type(schema: Schema, definitions: Mapping[str, Schema], name: str) -> Any:
    kind = schema.get("type")
    if kind == "object":
        members = schema.get("properties", {})
        return {member: example_of(each, definitions, member) for member, each in members.items()}
    if kind == "array":
        return [example_of(schema.get("items", {}), definitions, "tag" if name == "tags" else name)]
    if kind == "string":
        moment = _TIME if name.endswith(("_at", "_until")) or name in ("since", "timestamp") else None
        return _BY_FORMAT.get(schema.get("format", "")) or _BY_NAME.get(name) or moment or "text"
    return {"integer": max(1, schema.get("minimum", 1)), "number": 0.5, "boolean": True, "null": None}.get(
        kind or "", {}
    )
