import copy
from collections.abc import Callable
from typing import Any

import pytest

from contracts.tasks import CreateTask
from ops.generate import schema_breaks
from ops.generate.schemas import breaks, schema_of

Change = Callable[[dict[str, Any]], object]

OLD: dict[str, Any] = {
    "type": "object",
    "required": ["id", "task"],
    "properties": {
        "id": {"type": "string", "format": "uuid", "title": "Id"},
        "status": {"type": "string", "enum": ["pending", "completed"]},
        "limit": {"type": "integer", "minimum": 1, "maximum": 200, "default": 50},
        "end": {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]},
        "labels": {"type": "array", "items": {"type": "string", "maxLength": 50}, "maxItems": 20},
        "changes": {"type": "object", "additionalProperties": {"type": "integer"}},
        "task": {"$ref": "#/$defs/Task"},
    },
    "$defs": {
        "Task": {"type": "object", "required": ["title"], "properties": {"title": {"type": "string"}}},
    },
}


def changed(change: Change) -> dict[str, Any]:
    new = copy.deepcopy(OLD)
    change(new)
    return new


def member(name: str, **words: Any) -> Change:
    return lambda new: new["properties"][name].update(words)


def rename(new: dict[str, Any]) -> None:
    new["properties"]["state"] = new["properties"].pop("status") | {"title": "State"}


def replace_reference(new: dict[str, Any]) -> None:
    new["$defs"]["Renamed"] = new["$defs"].pop("Task")
    new["properties"]["task"] = {"$ref": "#/$defs/Renamed"}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param(lambda new: new["properties"].pop("limit"), ["limit: removed"], id="a field is removed"),
        pytest.param(rename, ["status: renamed to state"], id="a field is renamed"),
        pytest.param(lambda new: new["required"].append("limit"), ["limit: required now"], id="a field is required"),
        pytest.param(
            lambda new: (new["properties"].update(by={"type": "string"}), new["required"].append("by")),
            ["by: required now"],
            id="a new field is required",
        ),
        pytest.param(
            member("status", enum=["pending"]), ["status: no longer takes 'completed'"], id="a value is removed"
        ),
        pytest.param(
            lambda new: new["properties"].update(status={"type": "string", "const": "pending"}),
            ["status: no longer takes 'completed'"],
            id="one value is left",
        ),
        pytest.param(
            lambda new: new["$defs"]["Task"]["properties"].update(title={"type": "string", "enum": ["a"]}),
            ["task.title: takes nothing but ['a'] now"],
            id="values are listed where all were taken",
        ),
        pytest.param(member("limit", type="string"), ["limit: was integer, is string"], id="a type is another"),
        pytest.param(
            lambda new: new["properties"].update(end={"type": "string", "format": "date-time"}),
            ["end: no longer takes null"],
            id="null is no longer taken",
        ),
        pytest.param(member("limit", maximum=100), ["limit: maximum is 100 now"], id="a bound is lower"),
        pytest.param(member("limit", minimum=2), ["limit: minimum is 2 now"], id="a bound is higher"),
        pytest.param(member("id", pattern="^a"), ["id: pattern is ^a now"], id="a pattern is new"),
        pytest.param(
            lambda new: new["properties"]["end"]["anyOf"][0].update(format="date"),
            ["end: format is date now"],
            id="a format is another",
        ),
        pytest.param(
            lambda new: new["properties"]["labels"]["items"].update(maxLength=10),
            ["labels[]: maxLength is 10 now"],
            id="an item is narrower",
        ),
        pytest.param(
            lambda new: new["properties"]["changes"].update(additionalProperties={"type": "string"}),
            ["changes.*: was integer, is string"],
            id="a value of a map is another",
        ),
        pytest.param(
            lambda new: new["$defs"]["Task"]["properties"].pop("title"), ["task.title: removed"], id="deep inside"
        ),
        pytest.param(
            lambda new: new["$defs"]["Task"].update(additionalProperties=False),
            ["task: no longer takes unknown members"],
            id="unknown members are refused",
        ),
        pytest.param(
            lambda new: (new["properties"].pop("limit"), new["properties"].pop("labels")),
            ["limit: removed", "labels: removed"],
            id="every break is named",
        ),
    ],
)
def test_a_break_is_named(change: Change, expected: list[str]) -> None:
    assert breaks(OLD, changed(change)) == expected


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda new: new, id="nothing"),
        pytest.param(lambda new: new["properties"].update(by={"type": "string"}), id="a field is added"),
        pytest.param(lambda new: new["required"].remove("id"), id="a field may be left out"),
        pytest.param(member("status", enum=["pending", "completed", "waiting"]), id="a value is added"),
        pytest.param(lambda new: new["properties"]["status"].pop("enum"), id="every value is taken"),
        pytest.param(member("limit", maximum=500, minimum=0), id="bounds are wider"),
        pytest.param(member("limit", type="number"), id="a type is wider"),
        pytest.param(lambda new: new["properties"]["end"]["anyOf"].append({"type": "integer"}), id="one more type"),
        pytest.param(lambda new: new["properties"].update(limit={}), id="anything is taken"),
        pytest.param(
            lambda new: new["properties"].update(status={"anyOf": [OLD["properties"]["status"], {"type": "null"}]}),
            id="null is taken too",
        ),
        pytest.param(member("limit", default=20, description="Tasks."), id="words are changed"),
        pytest.param(replace_reference, id="a class is renamed"),
    ],
)
def test_what_breaks_nobody_is_let_through(change: Change) -> None:
    assert breaks(OLD, changed(change)) == []


def test_a_real_message_would_be_caught() -> None:
    old = schema_of(CreateTask)
    new = copy.deepcopy(old)
    del new["$defs"]["NewTask"]["properties"]["due_date"]
    new["$defs"]["NewTask"]["required"].append("priority")
    assert breaks(old, new) == ["task.due_date: removed", "task.priority: required now"]


def test_no_message_breaks_what_was_committed() -> None:
    assert schema_breaks() == []
