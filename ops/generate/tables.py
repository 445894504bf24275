"""Markdown tables, and JSON Schemas in words."""

from collections.abc import Callable, Iterable, Sequence

from ops.generate.schemas import Schema

_FORMATS = {"uuid": "UUID", "date": "date", "date-time": "date and time"}


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "".join(map(_line, (head, ["---"] * len(head), *rows)))


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


def fields(schema: Schema) -> str:
    properties = schema.get("properties", {})
    if not properties:
        return "No fields.\n"
    required = schema.get("required", [])
    rows = [(f"`{name}`", in_words(member), "yes" if name in required else "no") for name, member in properties.items()]
    return table(("field", "type", "required"), rows)


def in_words(schema: Schema) -> str:
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "anyOf" in schema:
        return " or ".join(map(in_words, schema["anyOf"]))
    if values := [schema["const"]] if "const" in schema else schema.get("enum"):
        return ", ".join(f"`{value}`" for value in values)
    say = _KINDS.get(schema.get("type", ""))
    return say(schema) if say else "any JSON value"


def _array(schema: Schema) -> str:
    return f"list of {in_words(schema.get('items', {}))}{_limits(schema, 'Items', '')}"


def _object(schema: Schema) -> str:
    values = schema.get("additionalProperties")
    return f"object of {in_words(values)}" if isinstance(values, dict) and values else "object"


def _string(schema: Schema) -> str:
    return _FORMATS.get(schema.get("format", ""), "text") + _limits(schema, "Length", " characters")


def _number(schema: Schema) -> str:
    return "number" + _limits(schema, "imum", "")


def _limits(schema: Schema, of: str, unit: str) -> str:
    low, high = schema.get(f"min{of}"), schema.get(f"max{of}")
    if high is not None:
        return f", {low} to {high}{unit}" if low is not None else f", at most {high}{unit}"
    return "" if low is None else f", at least {low}{unit}"


_KINDS: dict[str, Callable[[Schema], str]] = {
    "array": _array,
    "object": _object,
    "string": _string,
    "integer": _number,
    "number": _number,
    "boolean": lambda _: "`true` or `false`",
    "null": lambda _: "`null`",
}
