import json
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from contracts.task_lists import ListTasks
from contracts.tasks import CreateTask, NewTask, TaskPatch, UpdateTask


def refusals(model: type[NewTask | TaskPatch], written: dict[str, Any]) -> list[tuple[str, str]]:
    with pytest.raises(ValidationError) as refused:
        model.model_validate_json(json.dumps(written), strict=True, extra="forbid")
    return [(".".join(map(str, error["loc"])), error["type"]) for error in refused.value.errors()]


def test_a_title_is_enough() -> None:
    assert NewTask.model_validate_json('{"title": "Water the plants"}') == NewTask(
        title="Water the plants",
        description=None,
        status="pending",
        completed=None,
        priority="medium",
        due_date=None,
        tags=(),
    )


def test_every_member_may_be_written() -> None:
    written = {
        "title": "  Water\u00a0the plants ",
        "description": "Twice.\n\tNot the cactus.",
        "status": "in_progress",
        "completed": False,
        "priority": "high",
        "due_date": "2026-11-30",
        "tags": [" Home ", "home", "GARDEN"],
    }
    assert NewTask.model_validate_json(json.dumps(written)) == NewTask(
        title="Water\u00a0the plants",
        description="Twice.\n\tNot the cactus.",
        status="in_progress",
        completed=False,
        priority="high",
        due_date=date(2026, 11, 30),
        tags=("home", "garden"),
    )


COMMON = [
    ({"title": ""}, [("title", "string_too_short")]),
    ({"title": "   "}, [("title", "string_too_short")]),
    ({"title": "x" * 201}, [("title", "string_too_long")]),
    ({"title": 1}, [("title", "string_type")]),
    ({"title": None}, [("title", "string_type")]),
    ({"title": "a\nb"}, [("title", "invisible_character")]),
    ({"description": "x" * 2001}, [("description", "string_too_long")]),
    ({"description": "a\x00b"}, [("description", "control_character")]),
    ({"status": "done"}, [("status", "literal_error")]),
    ({"status": None}, [("status", "literal_error")]),
    ({"priority": "urgent"}, [("priority", "literal_error")]),
    ({"priority": "High"}, [("priority", "literal_error")]),
    ({"completed": 1}, [("completed", "bool_type")]),
    ({"completed": "true"}, [("completed", "bool_type")]),
    ({"due_date": "30.11.2026"}, [("due_date", "date_parsing")]),
    ({"due_date": "2026-02-30"}, [("due_date", "date_parsing")]),
    ({"due_date": 0}, [("due_date", "date_type")]),
    ({"due_date": "1969-12-31"}, [("due_date", "greater_than_equal")]),
    ({"due_date": "2201-01-01"}, [("due_date", "less_than_equal")]),
    ({"tags": "home"}, [("tags", "tuple_type")]),
    ({"tags": None}, [("tags", "tuple_type")]),
    ({"tags": [""]}, [("tags.0", "string_too_short")]),
    ({"tags": ["x" * 51]}, [("tags.0", "string_too_long")]),
    ({"tags": ["a\u200bb"]}, [("tags.0", "invisible_character")]),
    ({"tags": [str(number) for number in range(21)]}, [("tags", "too_long")]),
    ({"titel": "a"}, [("titel", "extra_forbidden")]),
    ({"id": "a"}, [("id", "extra_forbidden")]),
    ({"completed": True, "status": "pending"}, [("", "completed_contradicts_status")]),
    ({"completed": False, "status": "completed"}, [("", "completed_contradicts_status")]),
]


@pytest.mark.parametrize(("written", "expected"), COMMON)
def test_a_new_task_that_is_wrong_is_refused_where_it_is_wrong(
    written: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    """H58"""
    assert refusals(NewTask, {"title": "Water the plants", **written}) == expected


@pytest.mark.parametrize(("written", "expected"), COMMON)
def test_a_patch_that_is_wrong_is_refused_where_it_is_wrong(
    written: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    """Pitfall F26, pitfall K21"""
    assert refusals(TaskPatch, written) == expected


def test_a_new_task_needs_a_title() -> None:
    assert refusals(NewTask, {}) == [("title", "missing")]


def test_a_patch_does_not_know_whether_completed_may_be_unknown() -> None:
    assert refusals(TaskPatch, {"completed": None}) == [("completed", "bool_type")]


def test_longest_is_counted_in_characters_and_after_trimming() -> None:
    title = "🌱" * 200
    assert NewTask.model_validate_json(json.dumps({"title": f"  {title}  "})).title == title


@pytest.mark.parametrize(
    "written",
    [
        {},
        {"title": "Water the garden"},
        {"description": None},
        {"due_date": None},
        {"due_date": "2026-11-30"},
        {"status": "pending"},
        {"status": "completed"},
        {"status": "completed", "completed": True},
        {"status": "in_progress", "completed": False},
        {"completed": True},
        {"completed": False},
        {"tags": []},
    ],
)
def test_a_patch_travels_with_what_it_names_and_nothing_else(written: dict[str, Any]) -> None:
    command = UpdateTask(task_id=UUID(int=1), patch=TaskPatch.model_validate_json(json.dumps(written)))
    sent = command.model_dump_json()
    assert json.loads(sent)["patch"] == written
    assert UpdateTask.model_validate_json(sent).patch.model_fields_set == set(written)


@pytest.mark.parametrize(
    "written",
    [{"title": "a"}, {"title": "a", "completed": True}, {"title": "a", "due_date": "2026-11-30", "tags": ["b"]}],
)
def test_a_new_task_travels_unchanged(written: dict[str, Any]) -> None:
    command = CreateTask(task_id=UUID(int=1), task=NewTask.model_validate_json(json.dumps(written)))
    assert CreateTask.model_validate_json(command.model_dump_json()) == command


@pytest.mark.parametrize("limit", [0, 201])
def test_a_page_has_one_to_two_hundred_tasks(limit: int) -> None:
    with pytest.raises(ValidationError):
        ListTasks(limit=limit)


@pytest.mark.parametrize("versions", [(0,), (-1,), ("1a",)])
def test_a_version_is_a_positive_number(versions: tuple[Any, ...]) -> None:
    with pytest.raises(ValidationError):
        UpdateTask(task_id=UUID(int=1), patch=TaskPatch(), if_match=versions)


def test_a_command_ignores_what_a_newer_sender_adds() -> None:
    command = CreateTask(task_id=UUID(int=1), task=NewTask(title="a"))
    sent = {**json.loads(command.model_dump_json()), "added_later": 1}
    assert CreateTask.model_validate_json(json.dumps(sent)) == command


def test_a_member_that_a_newer_gateway_knows_is_ignored_by_an_older_worker() -> None:
    command = {"task_id": "0197d0a0-0000-7000-8000-000000000000", "task": {"title": "a", "colour": "red"}}
    assert CreateTask.model_validate(command).task == NewTask(title="a")
