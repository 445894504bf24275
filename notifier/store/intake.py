"""What the feed takes in: looked up in one statement and written in another, which is a transaction by itself."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from asyncpg.pool import PoolConnectionProxy

from chassis.cloudevents import CloudEvent
from chassis.topology import ACTIVITY
from contracts.feed import FeedEvent
from notifier.activity import Activity
from notifier.audience import TaskAudience


@dataclass(frozen=True, slots=True)
class Known:
    last_position: int
    taken: frozenset[UUID]
    """Of the events that were asked for, those that are in the feed already."""
    audiences: Mapping[UUID, TaskAudience]
    """Of the tasks that were asked for, and that something was heard of."""


@dataclass(frozen=True, slots=True)
class Entry:
    event: CloudEvent
    activity: Activity
    place: FeedEvent


async def look_up(
    connection: PoolConnectionProxy, *, event_ids: Collection[UUID], task_ids: Collection[UUID | None]
) -> Known:
    rows = await connection.fetch(
        """
        SELECT s.last_position, a.task_id, a.version, a.deleted_at,
               ARRAY(SELECT user_id FROM task_readers r WHERE r.task_id = a.task_id) AS readers,
               ARRAY(SELECT event_id FROM event_inbox WHERE consumer = $1 AND event_id = ANY ($2::uuid[])) AS taken
          FROM feed_state s
          LEFT JOIN task_audiences a ON a.task_id = ANY ($3::uuid[])
        """,
        ACTIVITY.name,
        event_ids,
        [task_id for task_id in task_ids if task_id is not None],
    )
    return Known(
        rows[0]["last_position"],
        frozenset(rows[0]["taken"]),
        {
            row["task_id"]: TaskAudience(row["version"], row["deleted_at"], frozenset(row["readers"]))
            for row in rows
            if row["task_id"] is not None
        },
    )


async def take_in(
    connection: PoolConnectionProxy,
    known: Known,
    entries: Sequence[Entry],
    *,
    audiences: Mapping[UUID, TaskAudience],
    lost: Collection[tuple[UUID, UUID]],
) -> bool:
    """False, and nothing is written, when the feed has grown since `known`.

    The row of the counter is locked until all is committed, so that positions are committed in their order.
    `audiences` are those of the tasks after the last entry; `lost` says who can read nothing more of which task.
    """
    changed = {task_id: now for task_id, now in audiences.items() if now != known.audiences.get(task_id)}
    before = {
        task_id: known.audiences[task_id].readers if task_id in known.audiences else frozenset() for task_id in changed
    }
    joined = [(user, task_id) for task_id, now in changed.items() for user in now.readers - before[task_id]]
    left = [(user, task_id) for task_id, now in changed.items() for user in before[task_id] - now.readers]
    readers = [
        (reader, entry.place.position, entry.place.task_id) for entry in entries for reader in entry.place.readers
    ]
    taken: bool | None = await connection.fetchval(
        """
        WITH state AS (
             UPDATE feed_state
                SET last_position = last_position + cardinality($3::uuid[])
              WHERE last_position = $1
             RETURNING last_position
        ), taken AS (
             INSERT INTO event_inbox (consumer, event_id)
             SELECT $2, event_id
               FROM state, unnest($3::uuid[]) AS event_id
        ), logged AS (
             INSERT INTO activity (event_id, id, actor_id, actor_username, action, resource_type, resource_id, task_id,
                                   changes, summary, created_at, position, type, source, subject, sequence, dataschema,
                                   partitionkey, traceparent, data)
             SELECT entries.*
               FROM state,
                    unnest($3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::text[], $9::uuid[],
                           $10::uuid[], $11::json[], $12::text[], $13::timestamptz[], $14::bigint[], $15::text[],
                           $16::text[], $17::text[], $18::bigint[], $19::text[], $20::text[], $21::text[], $22::json[])
                    AS entries
        ), audiences AS (
             INSERT INTO task_audiences (task_id, version, deleted_at)
             SELECT changed.*
               FROM state, unnest($23::uuid[], $24::bigint[], $25::timestamptz[]) AS changed
                 ON CONFLICT (task_id) DO UPDATE
                SET version = excluded.version,
                    deleted_at = excluded.deleted_at
        ), joined AS (
             INSERT INTO task_readers (user_id, task_id)
             SELECT joined.*
               FROM state, unnest($26::uuid[], $27::uuid[]) AS joined
        ), gone AS (
             DELETE FROM task_readers r
              USING state, unnest($28::uuid[], $29::uuid[]) AS gone (user_id, task_id)
              WHERE r.user_id = gone.user_id
                AND r.task_id = gone.task_id
        ), forgotten AS (
             DELETE FROM feed_readers r
              USING state, unnest($30::uuid[], $31::uuid[]) AS lost (user_id, task_id)
              WHERE r.user_id = lost.user_id
                AND r.task_id = lost.task_id
        ), readers AS (
             INSERT INTO feed_readers (user_id, position, task_id)
             SELECT readers.*
               FROM state, unnest($32::uuid[], $33::bigint[], $34::uuid[]) AS readers
        )
        SELECT true FROM state
        """,
        known.last_position,
        ACTIVITY.name,
        *_columns(map(_row, entries), 20),
        *_columns(((task_id, now.version, now.deleted_at) for task_id, now in changed.items()), 3),
        *_columns(joined, 2),
        *_columns(left, 2),
        *_columns(lost, 2),
        *_columns(readers, 3),
    )
    return taken is not None


def _columns(rows: Iterable[Sequence[Any]], width: int) -> Sequence[Sequence[Any]]:
    return list(zip(*rows, strict=True)) or [()] * width


def _row(entry: Entry) -> tuple[Any, ...]:
    event, activity = entry.event, entry.activity
    return (
        event.id,
        activity.id,
        activity.actor.id if activity.actor else None,
        activity.actor.username if activity.actor else None,
        activity.action,
        activity.resource_type,
        activity.resource_id,
        activity.task_id,
        orjson.dumps(activity.changes).decode(),
        activity.summary,
        activity.created_at,
        entry.place.position,
        event.type,
        event.source,
        event.subject,
        event.sequence,
        event.schema,
        event.partition,
        event.traceparent,
        event.body,
    )
