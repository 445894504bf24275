from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from chassis.errors import Refusal
from contracts.people import Person
from contracts.problems import NOT_FOUND, PRECONDITION_FAILED, VALIDATION_FAILED, Problem
from contracts.tasks import (
    Change,
    NewTask,
    TaskCompleted,
    TaskEvent,
    TaskPatch,
    TaskReopened,
    TaskState,
    TaskUpdated,
)
from contracts.tasks import Task as TaskView
from task_worker.task import Task, require_version

ADA = Person(id=UUID(int=1), username="ada")
MADE = datetime(2026, 11, 25, 12, tzinfo=UTC)
LATER = MADE + timedelta(hours=1)
TASK_ID = UUID(int=2)


def make(**written: Any) -> Task:
    return Task.create(TASK_ID, NewTask(**{"title": "Water the plants", **written}), owner=ADA, at=MADE)


def test_a_new_task_starts_at_version_one() -> None:
    assert make(description="Twice.", priority="high", due_date=date(2026, 11, 30), tags=("home",)) == Task(
        id=TASK_ID,
        owner_id=ADA.id,
        owner_username="ada",
        title="Water the plants",
        description="Twice.",
        status="pending",
        completed_at=None,
        priority="high",
        due_date=date(2026, 11, 30),
        tags=("home",),
        share_count=0,
        comment_count=0,
        file_count=0,
        version=1,
        created_at=MADE,
        updated_at=MADE,
        deleted_at=None,
        overdue_at=None,
    )


@pytest.mark.parametrize(
    ("written", "status", "completed_at"),
    [
        ({}, "pending", None),
        ({"status": "in_progress"}, "in_progress", None),
        ({"status": "completed"}, "completed", MADE),
        ({"completed": True}, "completed", MADE),
        ({"completed": False}, "pending", None),
        ({"status": "in_progress", "completed": False}, "in_progress", None),
        ({"status": "completed", "completed": True}, "completed", MADE),
    ],
)
def test_a_task_may_be_completed_from_the_start(
    written: dict[str, Any], status: str, completed_at: datetime | None
) -> None:
    task = make(**written)
    assert (task.status, task.completed_at) == (status, completed_at)


@pytest.mark.parametrize(
    "patch",
    [
        {},
        {"title": "Water the plants"},
        {"description": None, "due_date": None, "tags": ()},
        {"status": "pending"},
        {"completed": False},
    ],
)
def test_a_patch_that_changes_nothing_makes_no_version(patch: dict[str, Any]) -> None:
    task = make()
    assert task.apply(TaskPatch(**patch), at=LATER) is task


def test_completing_what_is_completed_keeps_the_first_date() -> None:
    task = make(status="completed")
    assert task.apply(TaskPatch(completed=True), at=LATER) is task
    assert task.apply(TaskPatch(status="completed"), at=LATER) is task
    renamed = task.apply(TaskPatch(completed=True, title="Done"), at=LATER)
    assert renamed == replace(task, title="Done", version=2, updated_at=LATER)


@pytest.mark.parametrize(
    ("before", "patch", "changed"),
    [
        ({}, {"title": "Water the garden"}, {"title": "Water the garden"}),
        ({}, {"priority": "low", "tags": ("garden",)}, {"priority": "low", "tags": ("garden",)}),
        ({"description": "Twice."}, {"description": None}, {"description": None}),
        ({"due_date": date(2026, 11, 30)}, {"due_date": None}, {"due_date": None}),
        ({"tags": ("home",)}, {"tags": ()}, {"tags": ()}),
        ({}, {"status": "in_progress"}, {"status": "in_progress"}),
        ({}, {"status": "completed"}, {"status": "completed", "completed_at": LATER}),
        ({}, {"completed": True}, {"status": "completed", "completed_at": LATER}),
        ({"status": "in_progress"}, {"completed": True}, {"status": "completed", "completed_at": LATER}),
        ({"status": "completed"}, {"completed": False}, {"status": "pending", "completed_at": None}),
        ({"status": "completed"}, {"status": "pending"}, {"status": "pending", "completed_at": None}),
        (
            {"status": "completed"},
            {"status": "in_progress", "completed": False},
            {"status": "in_progress", "completed_at": None},
        ),
    ],
)
def test_a_patch_changes_what_it_names_and_makes_one_version(
    before: dict[str, Any], patch: dict[str, Any], changed: dict[str, Any]
) -> None:
    task = make(**before)
    assert task.apply(TaskPatch(**patch), at=LATER) == replace(task, **changed, version=2, updated_at=LATER)


def test_saying_not_completed_leaves_work_in_progress_alone() -> None:
    task = make(status="in_progress")
    assert task.apply(TaskPatch(completed=False), at=LATER) is task


@pytest.mark.parametrize("if_match", [None, (1,), (7, 1)])
def test_a_caller_who_has_seen_this_version_may_go_on(if_match: tuple[int, ...] | None) -> None:
    require_version(1, if_match)


@pytest.mark.parametrize("if_match", [(), (2,), (2, 3)])
def test_a_caller_who_has_seen_another_version_is_told_the_current_one(if_match: tuple[int, ...]) -> None:
    with pytest.raises(Refusal) as refused:
        require_version(1, if_match)
    assert refused.value.problem == Problem(type=PRECONDITION_FAILED, facts={"current_etag": '"1"'})


def test_changes_hold_what_was_and_what_is() -> None:
    before = make(tags=("home",))
    after = before.apply(TaskPatch(title="Water the garden", tags=(), completed=True), at=LATER)
    assert after.changes_since(before) == {
        "title": Change(old="Water the plants", new="Water the garden"),
        "status": Change(old="pending", new="completed"),
        "completed_at": Change(old=None, new=LATER),
        "tags": Change(old=("home",), new=()),
    }


@pytest.mark.parametrize(
    ("before", "patch", "kind"),
    [
        ({}, {"title": "Other"}, TaskUpdated),
        ({}, {"status": "in_progress"}, TaskUpdated),
        ({"status": "completed"}, {"title": "Other"}, TaskUpdated),
        ({}, {"completed": True}, TaskCompleted),
        ({}, {"completed": True, "title": "Other"}, TaskCompleted),
        ({"status": "completed"}, {"completed": False}, TaskReopened),
        ({"status": "completed"}, {"status": "in_progress", "title": "Other"}, TaskReopened),
    ],
)
def test_one_change_is_one_event(before: dict[str, Any], patch: dict[str, Any], kind: type[TaskEvent]) -> None:
    task = make(**before)
    changed = task.apply(TaskPatch(**patch), at=LATER)
    assert changed.changed_kind(task) is kind


def test_an_event_is_of_the_version_that_it_made() -> None:
    task = make().apply(TaskPatch(title="Other"), at=LATER)
    event = TaskUpdated(task=task.state(), changes={}, actor=ADA, audience=(ADA.id,))
    assert (event.aggregate_id, event.aggregate_version) == (TASK_ID, 2)


def test_tags_are_added_once_and_at_most_twenty() -> None:
    task = make(tags=("home",))
    assert task.with_tags(("home",), at=LATER) is task
    assert task.with_tags(("garden", "home"), at=LATER).tags == ("home", "garden")
    with pytest.raises(Refusal) as refused:
        task.with_tags((str(number) for number in range(20)), at=LATER)
    assert refused.value.problem.type == VALIDATION_FAILED


def test_a_tag_that_is_not_there_cannot_be_removed() -> None:
    task = make(tags=("home", "garden"))
    assert task.without_tag("home", at=LATER).tags == ("garden",)
    with pytest.raises(Refusal) as refused:
        task.without_tag("kitchen", at=LATER)
    assert refused.value.problem.type == NOT_FOUND


STATE = {
    "id": TASK_ID,
    "title": "Water the plants",
    "description": None,
    "status": "completed",
    "completed": True,
    "completed_at": MADE,
    "priority": "medium",
    "due_date": None,
    "tags": (),
    "owner": ADA,
    "share_count": 0,
    "comment_count": 0,
    "file_count": 0,
    "version": 1,
    "created_at": MADE,
    "updated_at": MADE,
}


def test_a_state_says_completed_in_both_ways() -> None:
    assert make(status="completed").state() == TaskState(**STATE)


def test_a_person_sees_what_he_may() -> None:
    seen = make(status="completed").seen_by("view", at=MADE)
    assert seen == TaskView(**STATE, my_permission="view", overdue=False)


@pytest.mark.parametrize(("overdue_at", "overdue"), [(None, False), (MADE, True), (LATER, False)])
def test_a_task_is_overdue_once_its_day_is_over(overdue_at: datetime | None, *, overdue: bool) -> None:
    assert replace(make(), overdue_at=overdue_at).seen_by("owner", at=MADE).overdue is overdue
