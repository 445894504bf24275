"""What a transaction tells others, written with it: events into the log, and a work list for the relay."""

from uuid import UUID

from asyncpg.pool import PoolConnectionProxy
from uuid_utils.compat import uuid7

from chassis.envelope import Envelope
from chassis.subscription import Tells
from chassis.topology import COMMANDS, EVENTS
from chassis.tracing import current_traceparent
from contracts.message import Command, Event

LANES = 8


def lane(aggregate_id: UUID) -> int:
    return aggregate_id.int % LANES


async def append(connection: PoolConnectionProxy, tells: Tells, *, caused_by: Envelope) -> None:
    for message in tells:
        if isinstance(message, Event):
            await _append_event(connection, message, caused_by)
        else:
            await append_command(connection, message)


async def _append_event(connection: PoolConnectionProxy, event: Event, caused_by: Envelope) -> None:
    await connection.execute(
        """
        WITH logged AS (
             INSERT INTO event_log (event_id, type, aggregate_type, aggregate_id, aggregate_version,
                                    command_id, actor_id, data, traceparent)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        )
        INSERT INTO outbox (message_id, lane, exchange, routing_key, aggregate_id, traceparent)
        VALUES ($1, $10, $11, $2, $4, $9)
        """,
        uuid7(),
        event.wire_name,
        event.aggregate_type or event.resource_type,
        event.aggregate_id,
        event.aggregate_version,
        caused_by.message_id,
        caused_by.actor.id if caused_by.actor else None,
        event.model_dump_json(),
        current_traceparent(),
        lane(event.aggregate_id),
        EVENTS,
    )


async def append_command(connection: PoolConnectionProxy, command: Command[None]) -> None:
    message_id = uuid7()
    await connection.execute(
        """
        INSERT INTO outbox (message_id, lane, exchange, routing_key, aggregate_id, command, traceparent)
        VALUES ($1, $2, $3, $4, $1, $5, $6)
        """,
        message_id,
        lane(message_id),
        COMMANDS,
        command.queue,
        f'{{"type": "{command.wire_name}", "body": {command.model_dump_json()}}}',
        current_traceparent(),
    )
