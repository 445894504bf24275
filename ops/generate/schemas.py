"""JSON Schemas of the messages, and what a new one may not do to an old one."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from contracts.catalogue import COMMANDS, EVENTS, QUERIES
from contracts.message import Message

Schema = Mapping[str, Any]

FOLDER = Path("contracts/schemas")
MESSAGES: tuple[type[Message], ...] = (*COMMANDS, *QUERIES, *EVENTS)

_UPPER = ("maxLength", "maxItems", "maximum", "exclusiveMaximum")
_LOWER = ("minLength", "minItems", "minimum", "exclusiveMinimum")
_WORDS = ("title", "description", "default")
"""They say something, and refuse nothing."""


def schema_of(message: type[Message]) -> dict[str, Any]:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"/schemas/{message.wire_name}",
        **message.model_json_schema(),
    }


def write_schemas() -> dict[Path, str]:
    return {
        FOLDER / f"{message.wire_name}.json": json.dumps(schema_of(message), indent=2, ensure_ascii=False) + "\n"
        for message in MESSAGES
    }


def breaks(old: Schema, new: Schema) -> list[str]:
    """What a sender or reader of `old` would stumble over, if `new` took its place. Empty when nothing."""
    return list(_Comparison(old, new).compare("", old, new))


class _Comparison:
    def __init__(self, old: Schema, new: Schema) -> None:
        self._old_definitions = old.get("$defs", {})
        self._new_definitions = new.get("$defs", {})

    def compare(self, place: str, old: Schema, new: Schema) -> Iterator[str]:
        old, new = _resolve(old, self._old_definitions), _resolve(new, self._new_definitions)
        if "anyOf" in old or "anyOf" in new:
            yield from self._compare_alternatives(place, old.get("anyOf", [old]), new.get("anyOf", [new]))
            return
        kind, kind_now = old.get("type"), new.get("type")
        if kind_now not in (None, kind) and (kind, kind_now) != ("integer", "number"):
            yield f"{place}: was {kind or 'anything'}, is {kind_now}"
            return
        yield from _compare_values(place, old, new)
        yield from _compare_bounds(place, old, new)
        yield from self._compare_members(place, old, new)
        if "items" in new:
            yield from self.compare(f"{place}[]", old.get("items", {}), new["items"])

    def _compare_alternatives(self, place: str, old: list[Schema], new: list[Schema]) -> Iterator[str]:
        """Each thing that was taken must be taken by something still."""
        for alternative in old:
            attempts = [list(self.compare(place, alternative, candidate)) for candidate in new]
            if all(attempts):
                kind = _resolve(alternative, self._old_definitions).get("type")
                same = [
                    attempt
                    for attempt, candidate in zip(attempts, new, strict=True)
                    if _resolve(candidate, self._new_definitions).get("type") == kind
                ]
                yield from min(same, key=len) if same else [f"{place}: no longer takes {kind}"]

    def _compare_members(self, place: str, old: Schema, new: Schema) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        added = [name for name in after if name not in before]
        for name, member in before.items():
            here = f"{place}.{name}".lstrip(".")
            if name in after:
                yield from self.compare(here, member, after[name])
                continue
            twins = [other for other in added if _bare(after[other]) == _bare(member)]
            yield f"{here}: renamed to {twins[0]}" if twins else f"{here}: removed"
        for name in new.get("required", []):
            if name not in old.get("required", []):
                yield f"{place}.{name}: required now".lstrip(".")
        extra, extra_now = old.get("additionalProperties", True), new.get("additionalProperties", True)
        if extra_now is False and extra is not False:
            yield f"{place or 'message'}: no longer takes unknown members"
        if isinstance(extra_now, Mapping):
            yield from self.compare(f"{place}.*", extra if isinstance(extra, Mapping) else {}, extra_now)


def _resolve(schema: Schema, definitions: Mapping[str, Schema]) -> Schema:
    while "$ref" in schema:
        schema = definitions[schema["$ref"].rpartition("/")[2]]
    return schema


def _bare(schema: Schema) -> dict[str, Any]:
    return {name: value for name, value in schema.items() if name not in _WORDS}


def _values(schema: Schema) -> list[Any] | None:
    return [schema["const"]] if "const" in schema else schema.get("enum")


def _compare_values(place: str, old: Schema, new: Schema) -> Iterator[str]:
    before, after = _values(old), _values(new)
    if after is None:
        return
    if before is None:
        yield f"{place}: takes nothing but {after} now"
        return
    for value in before:
        if value not in after:
            yield f"{place}: no longer takes {value!r}"


def _compare_bounds(place: str, old: Schema, new: Schema) -> Iterator[str]:
    for bound in _UPPER:
        if bound in new and (bound not in old or new[bound] < old[bound]):
            yield f"{place}: {bound} is {new[bound]} now"
    for bound in _LOWER:
        if bound in new and (bound not in old or new[bound] > old[bound]):
            yield f"{place}: {bound} is {new[bound]} now"
    for shape in ("format", "pattern"):
        if shape in new and new[shape] != old.get(shape):
            yield f"{place}: {shape} is {new[shape]} now"
