"""What a transaction tells others, written with it: events into the log, and a work list for the relay."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from asyncpg.pool import PoolConnectionProxy
from uuid_utils.compat import uuid7

from chassis.envelope import Envelope
from chassis.subscription import Tells
from chassis.topology import COMMANDS, EVENTS
from chassis.tracing import current_traceparent
from contracts.message import Command, Event

LANES = 8


@dataclass(frozen=True, slots=True)
class Told:
    """What one message has to tell, and its trace."""

    tells: Tells
    caused_by: Envelope
    traceparent: str | None


def lane(aggregate_id: UUID) -> int:
    return aggregate_id.int % LANES


async def append(connection: PoolConnectionProxy, tells: Tells, *, caused_by: Envelope) -> None:
    await append_all(connection, [Told(tells, caused_by, current_traceparent())])


async def append_command(connection: PoolConnectionProxy, command: Command[None]) -> None:
    await _insert(connection, [_of_command(command, current_traceparent())])


async def append_all(connection: PoolConnectionProxy, told: Iterable[Told]) -> None:
    """In one statement, in this order."""
    await _insert(
        connection,
        [
            _of_event(message, each) if isinstance(message, Event) else _of_command(message, each.traceparent)
            for each in told
            for message in each.tells
        ],
    )


_Row = tuple[Any, ...]


def _of_event(event: Event, told: Told) -> _Row:
    aggregate_id, caused_by = event.aggregate_id, told.caused_by
    return (
        uuid7(),
        lane(aggregate_id),
        EVENTS,
        event.wire_name,
        aggregate_id,
        None,
        told.traceparent,
        event.aggregate_type or event.resource_type,
        event.aggregate_version,
        caused_by.message_id,
        caused_by.actor.id if caused_by.actor else None,
        event.model_dump_json(),
    )


def _of_command(command: Command[None], traceparent: str | None) -> _Row:
    message_id = uuid7()
    whole = f'{{"type": "{command.wire_name}", "body": {command.model_dump_json()}}}'
    # None is what only events have.
    return (message_id, lane(message_id), COMMANDS, command.queue, message_id, whole, traceparent, *[None] * 5)


async def _insert(connection: PoolConnectionProxy, rows: list[_Row]) -> None:
    if not rows:
        return
    await connection.execute(
        """
        WITH told AS (
             SELECT *
               FROM unnest($1::uuid[], $2::smallint[], $3::text[], $4::text[], $5::uuid[], $6::json[], $7::text[],
                           $8::text[], $9::bigint[], $10::uuid[], $11::uuid[], $12::json[])
                 AS told (message_id, lane, exchange, routing_key, aggregate_id, command, traceparent,
                          aggregate_type, aggregate_version, command_id, actor_id, data)
        ), logged AS (
             INSERT INTO event_log (event_id, type, aggregate_type, aggregate_id, aggregate_version,
                                    command_id, actor_id, data, traceparent)
             SELECT message_id, routing_key, aggregate_type, aggregate_id, aggregate_version,
                    command_id, actor_id, data, traceparent
               FROM told
              WHERE data IS NOT NULL
        )
        INSERT INTO outbox (message_id, lane, exchange, routing_key, aggregate_id, command, traceparent)
        SELECT message_id, lane, exchange, routing_key, aggregate_id, command, traceparent
          FROM told
        """,
        *zip(*rows, strict=True),
    )
