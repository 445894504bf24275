"""Events that are taken together leave what they leave one by one, whoever gains and loses which task in between."""

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
import pytest
from asyncpg.pool import PoolConnectionProxy
from uuid_utils.compat import uuid7

from chassis.cloudevents import CloudEvent
from notifier.handlers.record_activity import record_activity
from notifier.store import feed

TIME = datetime(2026, 11, 25, 12, tzinfo=UTC)
ADA, GRACE, MARY = (UUID(int=number) for number in (1, 2, 3))
KINDS = ("task_updated", "task_shared", "task_unshared", "task_deleted", "task_restored")
TABLES = (
    "SELECT user_id, position, task_id FROM feed_readers ORDER BY 1, 2",
    "SELECT user_id, task_id FROM task_readers ORDER BY 1, 2",
    "SELECT task_id, version, deleted_at FROM task_audiences ORDER BY 1",
    "SELECT position, event_id, type, data::text FROM activity ORDER BY 1",
    "SELECT last_position FROM feed_state",
)


def event(kind: str, task: UUID, version: int, *, shared_with: set[UUID], share: UUID | None) -> CloudEvent:
    data = {
        "task": {"id": str(task), "title": "x", "version": version, "owner": {"id": str(ADA), "username": "ada"}},
        "actor": {"id": str(ADA), "username": "ada"},
        "changes": {},
        "audience": [str(user) for user in sorted({ADA, *shared_with, *([share] if share else [])}, key=str)],
    }
    if share:
        data["share"] = {"user": {"id": str(share), "username": "x"}, "permission": "view"}
    return CloudEvent(uuid7(), f"tasks.{kind}.v1", f"task/{task}", TIME, version, data, orjson.dumps(data).decode())


def story(chance: random.Random, length: int) -> Iterator[CloudEvent]:
    """Of two tasks that ada owns and shares now with one, now with another; one event in ten comes late."""
    shared: dict[UUID, set[UUID]] = {UUID(int=8): set(), UUID(int=9): set()}
    versions, held = dict.fromkeys(shared, 0), []
    for _ in range(length):
        task, kind = chance.choice(list(shared)), chance.choice(KINDS)
        versions[task] += 1
        share = chance.choice((GRACE, MARY)) if kind in ("task_shared", "task_unshared") else None
        if share:
            (shared[task].add if kind == "task_shared" else shared[task].discard)(share)
        made = event(kind, task, versions[task], shared_with=shared[task], share=share)
        if chance.random() < 0.1:
            held.append(made)
        else:
            yield made
    yield from held


async def left_by(connection: PoolConnectionProxy, batches: Sequence[Sequence[CloudEvent]]) -> list[Any]:
    transaction = connection.transaction()
    await transaction.start()
    try:
        for batch in batches:
            told = await record_activity(batch, connection)
            listed = await feed.list_events(connection, after=told[0].position - 1, limit=100)
            assert [(one.position, set(one.readers), one.text) for one in told] == [
                (one.position, set(one.readers), one.text) for one in listed
            ]
        return [[tuple(row) for row in await connection.fetch(table)] for table in TABLES]
    finally:
        await transaction.rollback()


@pytest.mark.parametrize("seed", range(10))
async def test_together_is_as_one_by_one(connection: PoolConnectionProxy, seed: int) -> None:
    chance = random.Random(seed)
    events = list(story(chance, 60))
    cuts = sorted(chance.sample(range(1, len(events)), 6))
    batches = [events[start:end] for start, end in zip([0, *cuts], [*cuts, len(events)], strict=True)]
    alone = await left_by(connection, [[each] for each in events])
    assert await left_by(connection, batches) == alone
    assert len(alone[3]) == 60
