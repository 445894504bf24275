"""What could not be handled: searched, shown, sent back to the consumer that failed, or given up."""

import asyncio
import getpass
import json
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import asyncpg

from chassis.broker import Broker, Outgoing, PublishUnconfirmed, open_broker
from chassis.consumer import carried_headers
from chassis.errors import Unavailable
from chassis.topology import OPERATOR, RETRY, TOPOLOGY
from ops.errors import OpsError
from ops.redaction import redact_body, redact_headers
from ops.servers import OperatorUrls

Connection = asyncpg.Connection
Action = Literal["revealed", "replayed", "discarded"]

_REACH_SECONDS = 5.0
_COMES_BACK = frozenset(binding.queue for binding in TOPOLOGY.bindings if binding.exchange == RETRY)


@dataclass(frozen=True)
class Filter:
    """Everything that is given must fit. `ids` empty means any."""

    ids: Sequence[int] = ()
    queue: str | None = None
    type: str | None = None
    reason: str | None = None
    since: datetime | None = None
    states: Sequence[str] = ("parked",)
    limit: int | None = None

    @property
    def chooses(self) -> bool:
        return bool(self.ids or self.queue or self.type or self.reason or self.since)


@dataclass(frozen=True)
class Decision:
    by: str
    why: str

    def __post_init__(self) -> None:
        if not self.why.strip():
            raise OpsError("Say why, with --why: it is kept beside the dead letter.")


@dataclass(frozen=True)
class Replay:
    replayed: list[int]
    kept: dict[int, str]
    """Why the others were not."""


def who() -> str:
    """The person and not the role: that one is shared."""
    return os.environ.get("SUDO_USER") or getpass.getuser()


@asynccontextmanager
async def open_letters(urls: OperatorUrls) -> AsyncIterator[Connection]:
    try:
        connection = await asyncpg.connect(urls.database, timeout=_REACH_SECONDS)
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        raise OpsError(f"The dead letters cannot be read: {error or 'Postgres does not answer'}.") from error
    try:
        yield connection
    finally:
        await connection.close()


async def search(connection: Connection, chosen: Filter) -> list[dict[str, Any]]:
    rows = await connection.fetch(
        """
        SELECT id, state, source_queue, type, reason, error, error_class, attempts, awaited, message_id, headers, body,
               parked_at
          FROM notifier.dead_letter
         WHERE ($1::bigint[] = '{}' OR id = ANY ($1))
           AND ($2::text IS NULL OR source_queue = $2)
           AND ($3::text IS NULL OR type = $3)
           AND ($4::text IS NULL OR reason = $4)
           AND ($5::timestamptz IS NULL OR parked_at >= $5)
           AND state = ANY ($6::text[])
         ORDER BY id
         LIMIT $7
        """,
        list(chosen.ids),
        chosen.queue,
        chosen.type,
        chosen.reason,
        chosen.since,
        list(chosen.states),
        chosen.limit,
    )
    return [{**row, "headers": json.loads(row["headers"])} for row in rows]


async def show(connection: Connection, letter_id: int, reveal: Decision | None = None) -> dict[str, Any]:
    """What a user wrote is shown to who says why he must see it, and that he saw it is written down first."""
    found = await search(connection, Filter(ids=(letter_id,), states=("parked", "replayed", "discarded")))
    if not found:
        raise OpsError(f"There is no dead letter {letter_id}.")
    [letter] = found
    if reveal is None:
        letter["headers"], letter["body"] = redact_headers(letter["headers"]), redact_body(letter["body"])
    else:
        await _record(connection, [letter_id], "revealed", reveal)
        letter["body"] = letter["body"].decode(errors="backslashreplace")
    journal = await connection.fetch(
        """
        SELECT action, decided_by, why, decided_at
          FROM notifier.dead_letter_journal
         WHERE dead_letter_id = $1
         ORDER BY id
        """,
        letter_id,
    )
    return {**letter, "journal": [dict(row) for row in journal]}


async def discard(connection: Connection, chosen: Filter, decision: Decision) -> list[int]:
    """The letter stays to be read; it counts as parked no longer."""
    ids = [letter["id"] for letter in await search(connection, chosen)]
    await _record(connection, ids, "discarded", decision)
    return ids


async def replay(
    connection: Connection,
    urls: OperatorUrls,
    chosen: Filter,
    decision: Decision,
    *,
    force: bool = False,
    rate: float = 50.0,
) -> Replay:
    """To the queue that failed alone, under the same id: what had succeeded after all has no second effect.

    A crash between the two steps of a letter leaves it parked, and replaying it again does no harm.
    """
    result = Replay([], {})
    async with open_broker(urls.amqp, OPERATOR) as broker:
        await _reach(broker)
        for letter in await search(connection, chosen):
            if (objection := _objection(letter, force=force)) is not None:
                result.kept[letter["id"]] = objection
                continue
            try:
                await broker.publish(_message(letter))
            except (Unavailable, PublishUnconfirmed) as error:
                result.kept[letter["id"]] = f"the broker did not take it: {error}"
                continue
            await _record(connection, [letter["id"]], "replayed", decision)
            result.replayed.append(letter["id"])
            await asyncio.sleep(1 / rate)
    return result


async def _reach(broker: Broker) -> None:
    try:
        async with asyncio.timeout(_REACH_SECONDS):
            while not broker.can_publish:  # noqa: ASYNC110  the broker's own state, which comes and goes
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise OpsError("RabbitMQ does not answer, or refuses the operator. Check OPERATOR_AMQP_URL.") from None


def _objection(letter: dict[str, Any], *, force: bool) -> str | None:
    if letter["source_queue"] not in _COMES_BACK:
        return f"nothing is sent again to {letter['source_queue']}"
    if letter["awaited"] and not force:
        return "somebody waited for it, was told that it failed and may have asked again; --force sends it all the same"
    return None


def _message(letter: dict[str, Any]) -> Outgoing:
    headers = carried_headers(letter["headers"])
    sender = letter["headers"].get("x-sender", "")
    return Outgoing(
        exchange=RETRY,
        routing_key=letter["source_queue"],
        body=letter["body"],
        message_id=letter["message_id"],
        type=letter["type"],
        headers={**headers, "x-sender": sender, "x-replay-of": str(letter["id"])},
    )


async def _record(connection: Connection, ids: Sequence[int], action: Action, decision: Decision) -> None:
    await connection.execute(
        """
        WITH written AS (
          INSERT INTO notifier.dead_letter_journal (dead_letter_id, action, decided_by, why)
          SELECT id, $2, $3, $4
            FROM unnest($1::bigint[]) AS id
        )
        UPDATE notifier.dead_letter
           SET state = $2
         WHERE id = ANY ($1)
           AND $2 <> 'revealed'
        """,
        list(ids),
        action,
        decision.by,
        decision.why,
    )
