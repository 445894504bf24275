"""The names of somebody who closed his account leave the activity log, and its seals still hold."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar

import asyncpg
import pytest
from uuid_utils.compat import uuid7

from chassis.database import Database, open_database
from chassis.erasure import Eraser
from contracts.catalogue import EVENTS
from contracts.comments import CommentAdded
from contracts.message import Event
from contracts.profile import UserDeleted, UserUpdated
from contracts.sharing import ShareEvent, TaskUnshared
from contracts.tasks import TaskCompleted
from notifier.audit import verify
from notifier.forgetting import erase_activity
from notifier.handlers.notify import notify
from notifier.handlers.record_activity import record_activity
from notifier.names import without_names
from notifier.sealer import Sealer
from tests.conftest import Addresses
from tests.unit.notifier.test_activity import ADA, GRACE, publish, tell

RENAMED = UserUpdated(
    user=ADA, version=2, changes={"display_name": {"old": None, "new": 'A "C" L'}}, actor=ADA, audience=(ADA.id,)
)
E = TypeVar("E", bound=Event)
EVERYTHING = [*(tell(kind) for kind in EVENTS), RENAMED]


def tell_a(kind: type[E]) -> E:
    event = tell(kind)
    assert isinstance(event, kind)
    return event


@pytest.fixture
async def pool(addresses: Addresses) -> AsyncIterator[Database]:
    async with open_database(addresses.database_url("notifier"), application="test", size=2) as pool:
        yield pool


async def record(pool: Database, *events: Event) -> None:
    async with pool.acquire() as connection:
        await record_activity([replace(publish(event), id=uuid7()) for event in events], connection)


async def tell_of(pool: Database, *events: Event) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await notify([replace(publish(event), id=uuid7()) for event in events], connection)


async def close(pool: Database, superuser: asyncpg.Connection) -> None:
    """Ada's account, more than an hour ago."""
    await tell_of(pool, tell(UserDeleted))
    await superuser.execute("UPDATE notifier.erasures SET asked_at = now() - interval '61 minutes'")


async def erase(pool: Database) -> None:
    eraser = Eraser(pool, erase_activity)
    assert await eraser._erase_next()
    assert not await eraser._erase_next()


async def seal(pool: Database) -> None:
    await Sealer(pool, every=timedelta(hours=1))._seal_next()


async def rows_of(superuser: asyncpg.Connection) -> list[dict[str, Any]]:
    return [dict(row) for row in await superuser.fetch("SELECT * FROM notifier.activity ORDER BY position")]


async def naming(superuser: asyncpg.Connection, name: str) -> Sequence[int]:
    rows = await superuser.fetch(
        "SELECT position FROM notifier.activity a WHERE a::text ~ ('\\m' || $1 || '\\M') ORDER BY position", name
    )
    return [row["position"] for row in rows]


async def test_every_kind_of_row_is_erased_as_the_audit_expects(
    pool: Database, superuser: asyncpg.Connection, addresses: Addresses
) -> None:
    """What Postgres erases is, to the byte, what the rules say."""
    await record(pool, *EVERYTHING)
    await seal(pool)
    before = await rows_of(superuser)
    await close(pool, superuser)
    await erase(pool)
    after = await rows_of(superuser)
    for old, new in zip(before, after, strict=True):
        assert new == {**without_names(old, {ADA.id}), "salt": None, "erased_digest": new["erased_digest"]}
    assert await naming(superuser, "ada") == []
    found = await verify(addresses.superuser_url)
    assert (found.problems, found.erased) == ([], len(EVERYTHING))


async def test_two_are_erased_from_one_row_one_after_the_other(
    pool: Database, superuser: asyncpg.Connection, addresses: Addresses
) -> None:
    shares = [tell(kind) for kind in EVENTS if issubclass(kind, ShareEvent)]
    await record(pool, *shares, tell(UserDeleted), tell_a(UserDeleted).model_copy(update={"user": GRACE}))
    await seal(pool)
    await close(pool, superuser)
    await erase(pool)
    once = await rows_of(superuser)
    await superuser.execute(
        "INSERT INTO notifier.erasures (person_id, asked_at) VALUES ($1, now() - interval '2 hours')", GRACE.id
    )
    assert (await verify(addresses.superuser_url)).problems == []
    await erase(pool)
    for old, new in zip(once, await rows_of(superuser), strict=True):
        assert new == {**without_names(old, {GRACE.id}), "salt": None, "erased_digest": new["erased_digest"]}
        assert old["erased_digest"] in {None, new["erased_digest"]}
    assert await naming(superuser, "grace") == []
    assert (await verify(addresses.superuser_url)).problems == []


async def test_within_the_hour_the_name_stands(pool: Database, superuser: asyncpg.Connection) -> None:
    """Who pulls the feed, and does not listen, reads of whom the account was."""
    await record(pool, tell(UserDeleted))
    await tell_of(pool, tell(UserDeleted))
    assert not await Eraser(pool, erase_activity)._erase_next()
    await seal(pool)
    assert await naming(superuser, "ada") == [1]


async def test_what_arrives_late_is_erased_before_it_is_sealed(
    pool: Database, superuser: asyncpg.Connection, addresses: Addresses
) -> None:
    await close(pool, superuser)
    await erase(pool)
    await record(pool, tell(TaskCompleted), RENAMED, tell(UserDeleted))
    assert await naming(superuser, "ada") == [1, 2, 3]
    await seal(pool)
    assert await naming(superuser, "ada") == []
    found = await verify(addresses.superuser_url)
    assert (found.problems, found.erased) == ([], 3)


async def test_nobody_is_told_a_name_of_what_arrives_late(pool: Database, superuser: asyncpg.Connection) -> None:
    by_ada = tell_a(CommentAdded).model_copy(update={"audience": (GRACE.id,)})
    task = by_ada.task.model_copy(update={"owner": GRACE})
    by_ada = by_ada.model_copy(update={"task": task})
    await tell_of(pool, by_ada)
    await close(pool, superuser)
    await tell_of(pool, by_ada, RENAMED)
    rows = await superuser.fetch("SELECT user_id, actor_username FROM notifier.notifications ORDER BY id")
    assert [tuple(row) for row in rows] == [(GRACE.id, "ada"), (GRACE.id, "deleted")]
    mails = await superuser.fetch("SELECT content->>'actor' AS actor FROM notifier.mails ORDER BY id")
    assert [row["actor"] for row in mails] == ["ada", "deleted"]
    assert await superuser.fetchval("SELECT count(*) FROM notifier.people") == 0


async def test_notifications_of_others_are_erased_with_the_row_of_their_event(
    pool: Database, superuser: asyncpg.Connection
) -> None:
    left = tell_a(TaskUnshared)
    task = left.task.model_copy(update={"owner": GRACE})
    event = replace(
        publish(left.model_copy(update={"task": task, "share": left.share.model_copy(update={"user": ADA})})),
        id=uuid7(),
    )
    async with pool.acquire() as connection, connection.transaction():
        await record_activity([event], connection)
        await notify([event], connection)
    await close(pool, superuser)
    await erase(pool)
    rows = await superuser.fetch("SELECT user_id, actor_username, summary FROM notifier.notifications")
    assert [tuple(row) for row in rows] == [
        (GRACE.id, "deleted", "“Water {the} plants” is no longer shared with deleted")
    ]


async def test_names_go_of_those_alone_whose_erasure_is_on_record(
    pool: Database, superuser: asyncpg.Connection
) -> None:
    """The notifier may have somebody erased, and cannot hide that it did."""
    await record(pool, tell(TaskCompleted))
    async with pool.acquire() as connection:
        await connection.execute("SELECT erase_activity($1, 1, 1)", ADA.id)
        assert await naming(superuser, "ada") == [1]
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("DELETE FROM erasures")


@pytest.fixture
async def erased(pool: Database, superuser: asyncpg.Connection) -> int:
    """A sealed log of three rows; ada's names are erased from the second and the third."""
    by_grace = tell_a(TaskCompleted).model_copy(update={"actor": GRACE})
    other = by_grace.model_copy(update={"task": by_grace.task.model_copy(update={"owner": GRACE})})
    await record(pool, other, tell(TaskUnshared), tell(UserDeleted))
    await seal(pool)
    await close(pool, superuser)
    await erase(pool)
    return 3


SEGMENT = "segment 1-3 was tampered with"
TAMPERINGS = {
    "UPDATE notifier.activity SET data = replace(data::text, 'Water', 'Drown')::json WHERE position = 2": SEGMENT,
    "UPDATE notifier.activity SET summary = replace(summary, 'Water', 'Drown') WHERE position = 2": SEGMENT,
    "UPDATE notifier.activity SET actor_id = gen_random_uuid() WHERE position = 2": SEGMENT,
    "UPDATE notifier.activity SET erased_digest = sha256('') WHERE position = 2": SEGMENT,
    "UPDATE notifier.activity SET salt = gen_random_uuid(), erased_digest = NULL WHERE position = 2": SEGMENT,
    "UPDATE notifier.activity SET salt = gen_random_uuid() WHERE position = 1": SEGMENT,
    "UPDATE notifier.activity SET actor_username = 'eve' WHERE position = 2": "row 2 is not what an erasure leaves",
    "UPDATE notifier.activity SET summary = 'Closed the account, ada' WHERE position = 3": SEGMENT,
}


@pytest.mark.parametrize("tampering", TAMPERINGS)
async def test_an_erased_row_can_be_changed_no_more_than_another(
    superuser: asyncpg.Connection, addresses: Addresses, erased: int, tampering: str
) -> None:
    found = await verify(addresses.superuser_url)
    assert (found.problems, found.erased, erased) == ([], 2, 3)
    await superuser.execute(tampering)
    assert (await verify(addresses.superuser_url)).problems == [TAMPERINGS[tampering]]


async def test_a_row_is_not_passed_off_as_erased(
    superuser: asyncpg.Connection, addresses: Addresses, erased: int
) -> None:
    """With the right digest, as whoever may update the table can work it out: of names that still stand, and of grace."""
    assert erased
    await superuser.execute("INSERT INTO notifier.erasures (person_id) VALUES ($1)", GRACE.id)
    await superuser.execute("SET search_path = notifier")
    await superuser.execute("SELECT erase_activity($1, 1, 2)", GRACE.id)
    of_both = [f"row {number} is not what an erasure leaves" for number in (1, 2)]
    assert (await verify(addresses.superuser_url)).problems == of_both
    await superuser.execute(
        """UPDATE activity SET data = replace(data::text, '"deleted"', '"grace"')::json WHERE position = 1"""
    )
    assert (await verify(addresses.superuser_url)).problems == of_both
