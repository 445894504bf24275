"""Publishes what transactions left in the outbox, in order for each aggregate, and at least once.

A process owns the lanes whose advisory locks it holds; the locks die with their connection, so another takes over.
It looks for what is unpublished and never for ids above a cursor: a slow transaction commits a lower id later.
"""

import asyncio
import random
from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg
import orjson
import structlog

from chassis import metrics
from chassis.broker import Broker, Outgoing
from chassis.cloudevents import attributes
from chassis.database import LOST
from chassis.failpoints import reach
from chassis.outbox import LANES
from chassis.pipeline import Pipeline
from chassis.settings import Url

log = structlog.get_logger()

_UNDER_WAY = 512
_POLL = 1.0  # seconds; the safety net under the wake-ups
_UNTIL_FORGOTTEN = 0.1  # seconds after which what was published is deleted, where nothing follows it
_CHECK_LANES = 5.0  # seconds
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
                    server_settings={
                        "application_name": f"{self._service} relay",
                        "synchronous_commit": "off",
                        "plan_cache_mode": "force_generic_plan",
                    },
                )
                pipeline = Pipeline(self._broker, self._message)
                try:
                    await self._own_lanes(connection, pipeline)
                finally:
                    pipeline.abandon()
                    connection.terminate()
            except (*LOST, asyncpg.PostgresError, TimeoutError) as error:
                log.warning("relay paused", error=type(error).__name__, reason=str(error)[:200])
            self._lanes.clear()
            await asyncio.sleep(0.5 + random.random() / 2)  # noqa: S311

    async def _own_lanes(self, connection: asyncpg.Connection, pipeline: Pipeline) -> None:
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
            if pipeline.failed:
                await asyncio.sleep(0.2 + random.random() / 2)  # noqa: S311
                for outbox_id in pipeline.drop_failed():
                    await self._count_refusal(connection, outbox_id)
            await self._send(await self._next(connection, pipeline), pipeline)
            await self._wait(_UNTIL_FORGOTTEN if pipeline.busy else _POLL)
        await pipeline.settle()
        await self._next(connection, pipeline)

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
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

    async def _next(self, connection: asyncpg.Connection, pipeline: Pipeline) -> list[asyncpg.Record]:
        """What is neither published nor under way; what was published meanwhile is deleted on the way."""
        confirmed, under_way = pipeline.confirmed, pipeline.under_way
        if confirmed:
            reach("relay.before_delete")
        rows: list[asyncpg.Record] = await connection.fetch(
            """
            WITH published AS (DELETE FROM outbox WHERE id = ANY ($3::bigint[]))
            SELECT o.id, o.message_id, o.exchange, o.routing_key, o.aggregate_id, o.command, o.traceparent, o.attempts,
                   e.aggregate_type, e.aggregate_version, e.occurred_at, e.data
              FROM outbox o
              LEFT JOIN event_log e ON e.event_id = o.message_id
             WHERE o.lane = ANY ($1::smallint[])
               AND o.id <> ALL ($2::bigint[] || $3::bigint[])
             ORDER BY o.id
             LIMIT $4
            """,
            list(self._lanes),
            under_way,
            confirmed,
            _UNDER_WAY - len(under_way),
        )
        pipeline.forget(confirmed)
        return rows

    async def _send(self, rows: Sequence[asyncpg.Record], pipeline: Pipeline) -> None:
        if not rows:
            return
        reach("relay.after_select")
        if not any(row["attempts"] >= _ALONE_AFTER for row in rows):
            pipeline.send(rows)
            return
        # The broker closes the channel on one of them, which fails all that is on it.
        for row in rows:
            await pipeline.settle()
            pipeline.send([row])
        await pipeline.settle()

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
        row = await connection.fetchrow(
            "SELECT count(*) AS pending, extract(epoch FROM now() - min(created_at)) AS age FROM outbox"
        )
        assert row is not None  # noqa: S101  an aggregate always is
        metrics.OUTBOX_PENDING.set(row["pending"])
        metrics.OUTBOX_AGE.set(row["age"] or 0)
