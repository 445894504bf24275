"""Publishes what transactions left in the outbox, in order for each aggregate, and at least once.

A process owns the lanes whose advisory locks it holds; the locks die with their connection, so another takes over.
It looks for what is unpublished and never for ids above a cursor: a slow transaction commits a lower id later.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg
import orjson
import structlog

from chassis import metrics
from chassis.broker import Broker, Outgoing, PublishUnconfirmed
from chassis.cloudevents import attributes
from chassis.database import LOST
from chassis.errors import Unavailable
from chassis.failpoints import reach
from chassis.outbox import LANES
from chassis.settings import Url

log = structlog.get_logger()

_BATCH = 256
_POLL = 1.0  # seconds; the safety net under the wake-ups
_CHECK_LANES = 5.0  # seconds
_PUBLISH_TIMEOUT = 5.0  # seconds
_ALONE_AFTER = 2
_SET_ASIDE_AFTER = 10
_SET_ASIDE_LANE = -1


class Relay:
    def __init__(self, database_url: Url, broker: Broker, *, service: str, public_url: str) -> None:
        self._database_url = database_url
        self._broker = broker
        self._service = service
        self._public_url = public_url.rstrip("/")
        self._wake = asyncio.Event()
        self._lanes: set[int] = set()
        self._channel = f"outbox_{service}"
        self._draining = False

    def wake(self) -> None:
        self._wake.set()

    def stop_after_batch(self) -> None:
        self._draining = True
        self._wake.set()

    async def keep(self) -> None:
        while not self._draining:
            try:
                connection = await asyncpg.connect(
                    self._database_url(),
                    timeout=2,
                    command_timeout=5,
                    # A deletion that a crash of Postgres undoes is a message that is published again, under its id.
                    server_settings={"application_name": f"{self._service} relay", "synchronous_commit": "off"},
                )
                try:
                    await self._own_lanes(connection)
                finally:
                    connection.terminate()
            except (*LOST, asyncpg.PostgresError, TimeoutError) as error:
                log.warning("relay paused", error=type(error).__name__, reason=str(error)[:200])
            self._lanes.clear()
            await asyncio.sleep(0.5 + random.random() / 2)  # noqa: S311

    async def _own_lanes(self, connection: asyncpg.Connection) -> None:
        await connection.add_listener(self._channel, lambda *_: self._wake.set())
        loop = asyncio.get_running_loop()
        look_for_lanes = 0.0
        while not self._draining:
            if loop.time() >= look_for_lanes:
                look_for_lanes = loop.time() + _CHECK_LANES
                self._lanes |= await self._claim_lanes(connection)
                await self._measure(connection)
            woken = self._wake.is_set()
            self._wake.clear()
            if woken and len(self._lanes) < LANES:
                # The owner of the other lanes is another process. Not NOTIFY in the business transaction: that
                # takes a lock on the whole database at commit.
                await connection.execute(f"NOTIFY {self._channel}")
            published, failed = await self._publish_batch(connection)
            if failed:
                await asyncio.sleep(0.2 + random.random() / 2)  # noqa: S311
            elif published < _BATCH:
                await self._wait()

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(_POLL):
                await self._wake.wait()
        except TimeoutError:
            pass

    async def _claim_lanes(self, connection: asyncpg.Connection) -> set[int]:
        rows = await connection.fetch(
            """
            SELECT lane
              FROM generate_series(0, $1 - 1) AS lane
             WHERE lane <> ALL ($2::int[])
               AND pg_try_advisory_lock(hashtext(current_schema()), lane)
            """,
            LANES,
            list(self._lanes),
        )
        if rows:
            log.info("relay took over lanes", lanes=[row["lane"] for row in rows])
        return {row["lane"] for row in rows}

    async def _publish_batch(self, connection: asyncpg.Connection) -> tuple[int, bool]:
        """How many were published, and whether any could not be."""
        rows = await connection.fetch(
            """
            SELECT o.id, o.message_id, o.exchange, o.routing_key, o.aggregate_id, o.command, o.traceparent, o.attempts,
                   e.aggregate_type, e.aggregate_version, e.occurred_at, e.data
              FROM outbox o
              LEFT JOIN event_log e ON e.event_id = o.message_id
             WHERE o.lane = ANY ($1::smallint[])
             ORDER BY o.id
             LIMIT $2
            """,
            list(self._lanes),
            _BATCH,
        )
        if not rows:
            return 0, False
        reach("relay.after_select")
        if any(row["attempts"] >= _ALONE_AFTER for row in rows):
            results = [await self._publish_in_order([row]) for row in rows]
        else:
            # In order within an aggregate, side by side across aggregates: confirms are pipelined.
            by_aggregate: dict[Any, list[asyncpg.Record]] = defaultdict(list)
            for row in rows:
                by_aggregate[row["aggregate_id"]].append(row)
            results = await asyncio.gather(*map(self._publish_in_order, by_aggregate.values()))
        reach("relay.before_delete")
        confirmed = [outbox_id for ids, _ in results for outbox_id in ids]
        await connection.execute("DELETE FROM outbox WHERE id = ANY ($1::bigint[])", confirmed)
        for outbox_id in (refused for _, refused in results if refused is not None):
            await self._count_refusal(connection, outbox_id)
        metrics.OUTBOX_PUBLISHED.inc(len(confirmed))
        return len(confirmed), len(confirmed) < len(rows)

    async def _publish_in_order(self, rows: Sequence[asyncpg.Record]) -> tuple[list[int], int | None]:
        """The ids that the broker confirmed, and the one that it closed the channel on or that cannot be read.

        After the first failure nothing later of the aggregate is published.
        """
        confirmed: list[int] = []
        for row in rows:
            try:
                message = self._message(row)
            except (KeyError, TypeError, ValueError) as error:
                log.warning("outbox message cannot be read", outbox_id=row["id"], error=type(error).__name__)
                return confirmed, row["id"]
            try:
                await self._broker.publish(message, timeout=_PUBLISH_TIMEOUT)
            except Unavailable as error:
                log.debug("outbox waits", reason=str(error))
                return confirmed, None
            except PublishUnconfirmed as error:
                return confirmed, row["id"] if error.closed_the_channel else None
            confirmed.append(row["id"])
        return confirmed, None

    async def _count_refusal(self, connection: asyncpg.Connection, outbox_id: int) -> None:
        """A message that the broker closes the channel on is tried alone, then set aside, so that its lane flows."""
        lane = await connection.fetchval(
            """
            UPDATE outbox
               SET attempts = attempts + 1,
                   lane = CASE WHEN attempts + 1 >= $2 THEN $3 ELSE lane END
             WHERE id = $1
            RETURNING lane
            """,
            outbox_id,
            _SET_ASIDE_AFTER,
            _SET_ASIDE_LANE,
        )
        if lane == _SET_ASIDE_LANE:
            log.error("outbox message set aside", outbox_id=outbox_id)

    def _message(self, row: asyncpg.Record) -> Outgoing:
        headers: dict[str, Any] = {"traceparent": row["traceparent"]} if row["traceparent"] else {}
        if row["command"] is not None:
            command = orjson.loads(row["command"])
            wire_name, body = command["type"], orjson.dumps(command["body"])
        elif row["data"] is None:
            raise ValueError("neither a command nor an event")
        else:
            wire_name, body = row["routing_key"], row["data"].encode()
            headers |= self._attributes(row)
        return Outgoing(
            exchange=row["exchange"],
            routing_key=row["routing_key"],
            body=body,
            message_id=str(row["message_id"]),
            type=wire_name,
            headers=headers,
        )

    def _attributes(self, row: asyncpg.Record) -> Mapping[str, str]:
        wire_name = row["routing_key"]
        return attributes(
            event_id=row["message_id"],
            wire_name=wire_name,
            source=f"/taskmesh/{self._service}",
            subject=f"{row['aggregate_type']}/{row['aggregate_id']}",
            time=row["occurred_at"],
            schema=f"{self._public_url}/schemas/{wire_name}",
            sequence=row["aggregate_version"],
            partition=row["aggregate_id"],
        )

    async def _measure(self, connection: asyncpg.Connection) -> None:
        pending = await connection.fetchval("SELECT count(*) FROM outbox")
        age = await connection.fetchval("SELECT extract(epoch FROM now() - min(created_at)) FROM outbox")
        metrics.OUTBOX_PENDING.set(pending)
        metrics.OUTBOX_AGE.set(age or 0)
