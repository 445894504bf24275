"""Command ids and cursors: made here, for one principal and one purpose."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from chassis.errors import Refusal
from contracts.catalogue import COMMANDS
from contracts.task_lists import TaskPosition
from contracts.tasks import CreateTask, DeleteTask
from gateway.command_ids import NOBODY, CommandIds
from gateway.cursors import Cursors
from gateway.routes.task_lists import TaskListing

IDS = CommandIds(b"k" * 32, COMMANDS)
CURSORS = Cursors(b"k" * 32)
ADA = uuid4()


@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize("principal", [ADA, NOBODY])
def test_an_id_says_what_it_names(principal: UUID, asynchronous: bool) -> None:
    command_id = IDS.issue(CreateTask, principal, asynchronous=asynchronous)
    issued = IDS.recognise(command_id, principal)
    assert command_id.version == 7
    assert command_id.variant == UUID(int=2 << 62).variant
    assert issued is not None
    assert (issued.command, issued.asynchronous) == (CreateTask, asynchronous)
    assert abs((datetime.now(UTC) - issued.at).total_seconds()) < 5


def test_ids_differ() -> None:
    assert len({IDS.issue(DeleteTask, ADA, asynchronous=False) for _ in range(1000)}) == 1000


def test_an_id_is_one_principals() -> None:
    command_id = IDS.issue(CreateTask, ADA, asynchronous=True)
    assert IDS.recognise(command_id, uuid4()) is None
    assert IDS.recognise(command_id, NOBODY) is None
    assert CommandIds(b"K" * 32, COMMANDS).recognise(command_id, ADA) is None


@pytest.mark.parametrize("bit", [*range(62), *range(64, 76), 90, 127])
def test_a_changed_id_is_not_ours(bit: int) -> None:
    command_id = IDS.issue(CreateTask, ADA, asynchronous=False)
    assert IDS.recognise(UUID(int=command_id.int ^ (1 << bit)), ADA) is None


POSITION = TaskPosition(keys=("2026-01-02T00:00:00+00:00",), id=uuid4())


def _cursor() -> Any:
    return CURSORS.write(POSITION, listing="list_tasks", filters=TaskListing(status=("pending",)), principal=ADA)


def _read(cursor: str, *, listing: Any = "list_tasks", filters: Any = None, principal: UUID = ADA) -> Any:
    return CURSORS.read(
        cursor,
        TaskPosition,
        listing=listing,
        filters=filters or TaskListing(status=("pending",), limit=7, cursor=cursor),
        principal=principal,
    )


def test_a_cursor_leads_back() -> None:
    assert _read(_cursor()) == POSITION


@pytest.mark.parametrize("changes", [{"listing": "list_activity"}, {"filters": TaskListing()}, {"principal": uuid4()}])
def test_a_cursor_fits_one_list_only(changes: dict[str, Any]) -> None:
    with pytest.raises(Refusal) as refusal:
        _read(_cursor(), **changes)
    assert refusal.value.problem.type.code == "invalid-cursor"


@pytest.mark.parametrize("cursor", ["", "a", "aaaa", "é", "a" * 500, "====", "\x00", "a b"])
def test_a_made_up_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(Refusal) as refusal:
        _read(cursor)
    assert refusal.value.problem.type.code == "invalid-cursor"
