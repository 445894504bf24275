from typing import Any
from uuid import UUID

import orjson
import pytest

from contracts.catalogue import EVENTS
from contracts.message import Event
from contracts.profile import UserUpdated
from contracts.sharing import TaskShared
from notifier.activity import activity_of
from notifier.names import anonymous, is_erased, people_in, without_names
from notifier.seals import BEGINNING, seal_of
from tests.unit.notifier.test_activity import ADA, GRACE, publish, tell

Row = dict[str, Any]


def row_of(event: Event) -> Row:
    published = publish(event)
    activity = activity_of(published)
    return {
        "position": 1,
        "actor_id": activity.actor.id if activity.actor else None,
        "actor_username": activity.actor.username if activity.actor else None,
        "resource_type": activity.resource_type,
        "resource_id": activity.resource_id,
        "changes": orjson.dumps(activity.changes).decode(),
        "summary": activity.summary,
        "data": published.body,
        "salt": UUID(int=7),
        "erased_digest": None,
    }


def renamed(old: str | None, new: str | None) -> UserUpdated:
    changes = {"display_name": {"old": old, "new": new}, "email": {"old": None, "new": None}}
    return UserUpdated(user=ADA, version=2, changes=changes, actor=ADA, audience=(ADA.id,))


@pytest.mark.parametrize("kind", EVENTS)
def test_no_event_names_anybody_once_all_are_erased(kind: type[Event]) -> None:
    """Whoever adds an event that names people in another way, or a summary, finds out here."""
    event = tell(kind)
    erased = without_names(row_of(event), None)
    assert [text for text in map(str, erased.values()) if "ada" in text or "grace" in text] == []
    kind.model_validate_json(erased["data"])


@pytest.mark.parametrize(
    ("old", "new"),
    [(None, "Ada"), ("Ada", None), ('A "Countess" {of}', "L\\"), ('"display_name":{"old":null,"new":null}', "Ada")],
)
def test_a_display_name_goes_whatever_it_is(old: str | None, new: str | None) -> None:
    event = renamed(old, new)
    erased = without_names(row_of(event), [ADA.id])
    nothing = {"display_name": {"old": None, "new": None}, "email": {"old": None, "new": None}}
    assert orjson.loads(erased["changes"]) == nothing
    assert UserUpdated.model_validate_json(erased["data"]) == event.model_copy(
        update={"user": ADA.model_copy(update={"username": "deleted"}), "changes": nothing}
        | {"actor": ADA.model_copy(update={"username": "deleted"})}
    )


def test_who_is_still_there_keeps_his_name() -> None:
    row = row_of(tell(TaskShared))
    erased = without_names(row, [ADA.id])
    assert erased["summary"] == "Shared “Water {the} plants” with grace"
    shared = TaskShared.model_validate_json(erased["data"])
    assert (shared.share.user, shared.task.owner.username) == (GRACE, "deleted")
    assert without_names(row, [UUID(int=99)]) == row


def test_what_only_looks_like_a_person_in_a_text_stays() -> None:
    event = tell(TaskShared)
    title = f'"id":"{ADA.id}","username":"ada" with ada'
    assert isinstance(event, TaskShared)
    event = event.model_copy(update={"task": event.task.model_copy(update={"title": title})})
    erased = without_names(row_of(event), [ADA.id, GRACE.id])
    assert erased["summary"] == f"Shared “{title}” with deleted"
    assert TaskShared.model_validate_json(erased["data"]).task.title == title


def test_an_event_that_comes_late_is_anonymous() -> None:
    event = publish(tell(TaskShared))
    assert people_in(event.body) == {ADA.id, GRACE.id}
    assert anonymous(event, [GRACE.id]).data["share"]["user"] == {"id": str(GRACE.id), "username": "deleted"}
    assert anonymous(event, ()) is event


def erase(row: Row, people: list[UUID]) -> Row:
    return {**without_names(row, people), "salt": None, "erased_digest": b"kept"}


def test_an_erased_row_is_one_that_an_erasure_leaves() -> None:
    row = row_of(tell(TaskShared))
    once = erase(row, [GRACE.id])
    twice = erase(once, [ADA.id])
    closed = frozenset({ADA.id, GRACE.id})
    assert is_erased(once, closed)
    assert is_erased(twice, closed)
    assert not is_erased({**row, "salt": None, "erased_digest": b"kept"}, closed)
    assert not is_erased(once, frozenset({ADA.id}))
    assert not is_erased({**once, "summary": row["summary"]}, closed)
    assert not is_erased({**twice, "actor_username": "ada"}, closed)


def test_the_digest_of_what_stays_is_what_it_was() -> None:
    row = row_of(tell(TaskShared))
    whole = [seal_of(BEGINNING, [{**each, "erased_digest": b"same"}]) for each in (row, erase(row, [ADA.id]))]
    assert whole[0] == whole[1]
    other = {**row, "summary": "Shared “Water the plants” with grace", "erased_digest": b"same"}
    assert seal_of(BEGINNING, [other]) != whole[0]
