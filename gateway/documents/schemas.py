"""JSON Schema 2020-12 of every message and of every body."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal, cast

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from contracts.catalogue import EVENTS
from contracts.message import Event

DIALECT = "https://json-schema.org/draft/2020-12/schema"

Mode = Literal["validation", "serialization"]
Wanted = tuple[type[BaseModel], Mode]

EVENTS_BY_NAME: Mapping[str, type[Event]] = {event.wire_name: event for event in EVENTS}


def schemas_of(wanted: Iterable[Wanted], *, at: str) -> tuple[dict[Wanted, dict[str, Any]], dict[str, Any]]:
    """A reference for each model, and the definitions that they all lead to, which stand `at` this pointer."""
    references, whole = models_json_schema(list(dict.fromkeys(wanted)), ref_template=f"{at}/{{model}}")
    return cast(dict[Wanted, dict[str, Any]], references), dict(whole.get("$defs", {}))


def event_schema(event: type[Event], *, public_url: str) -> dict[str, Any]:
    """What `dataschema` of the event leads to."""
    return {
        "$schema": DIALECT,
        "$id": f"{public_url.rstrip('/')}/schemas/{event.wire_name}",
        **event.model_json_schema(mode="serialization"),
    }
