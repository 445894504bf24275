"""Sends the deliveries that are due. A slow receiver holds up a tenth of the senders at most."""

import asyncio
import random
from datetime import UTC, datetime, timedelta

import aiohttp
import asyncpg
import structlog
from prometheus_client import Counter

from chassis import outbox
from chassis.database import Database
from chassis.errors import Unavailable, Unprocessable
from chassis.failpoints import reach
from chassis.sealing import OpeningKeys
from contracts.webhooks import SECRET_PURPOSE, DisableWebhook
from notifier.store import deliveries
from notifier.webhook_post import open_http, post
from notifier.webhook_schedule import Result, delay_after, has_failed_too_long
from notifier.webhook_signature import sign
from notifier.webhook_targets import Targets

log = structlog.get_logger()

_SENDERS = 20
_PER_WEBHOOK = _SENDERS // 10
_LEASE = timedelta(seconds=60)
_POLL = 1.0  # seconds

_ATTEMPTS = Counter("taskmesh_webhook_attempts", "Attempts to deliver to a webhook", ["verdict"])


class Sender:
    def __init__(self, database: Database, opening_keys: OpeningKeys, targets: Targets, *, user_agent: str) -> None:
        self._database = database
        self._opening_keys = opening_keys
        self._targets = targets
        self._user_agent = user_agent
        self._wake = asyncio.Event()
        self._under_way: set[asyncio.Task[None]] = set()

    def wake(self) -> None:
        self._wake.set()

    async def keep(self) -> None:
        async with open_http(self._targets, at_once=_SENDERS) as session, asyncio.TaskGroup() as group:
            while True:
                self._wake.clear()
                for due in await self._lease(_SENDERS - len(self._under_way)):
                    task = group.create_task(self._send(session, due))
                    self._under_way.add(task)
                    task.add_done_callback(self._finished)
                await self._wait()

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self._wake.set()

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(_POLL):
                await self._wake.wait()
        except TimeoutError:
            pass

    async def _lease(self, free: int) -> list[deliveries.Due]:
        if free <= 0:
            return []
        try:
            async with self._database.acquire() as connection:
                return await deliveries.lease_due(connection, lease=_LEASE, limit=free, per_webhook=_PER_WEBHOOK)
        except (Unavailable, asyncpg.PostgresError) as error:
            log.warning("webhooks wait", reason=str(error))
            await asyncio.sleep(_POLL)
            return []

    async def _send(self, session: aiohttp.ClientSession, due: deliveries.Due) -> None:
        at = datetime.now(UTC)
        try:
            headers = self._headers(due, timestamp=int(at.timestamp()))
        except Unprocessable:
            result, milliseconds = Result("secret lost"), 0
        else:
            reach("webhooks.before_send")
            result, milliseconds = await post(session, due.url, due.body, headers)
            reach("webhooks.after_send")
        _ATTEMPTS.labels(result.verdict).inc()
        try:
            await self._record(due, result, at=at, milliseconds=milliseconds)
        except (Unavailable, asyncpg.PostgresError) as error:
            # Its lease ends, and it is sent again under the same id.
            log.warning("webhook attempt not recorded", delivery_id=str(due.id), reason=str(error))

    def _headers(self, due: deliveries.Due, *, timestamp: int) -> dict[str, str]:
        secrets = [self._opening_keys.open(sealed, purpose=SECRET_PURPOSE) for sealed in due.sealed_secrets]
        message_id = str(due.event_id)
        return {
            "Content-Type": "application/cloudevents+json; charset=utf-8",
            "User-Agent": self._user_agent,
            "webhook-id": message_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": sign(secrets, message_id=message_id, timestamp=timestamp, body=due.body),
        }

    async def _record(self, due: deliveries.Due, result: Result, *, at: datetime, milliseconds: int) -> None:
        succeeded = result.verdict == "succeeded"
        again_in = None if succeeded else delay_after(due.attempts, result, jitter=random.random())  # noqa: S311
        failing = not succeeded and has_failed_too_long(due.failing_since, now=at)
        async with self._database.acquire() as connection, connection.transaction():
            await deliveries.record_attempt(connection, due, result, at=at, milliseconds=milliseconds)
            await deliveries.settle(connection, due, succeeded=succeeded, again_in=again_in)
            if result.verdict == "gone" or failing:
                reason = DisableWebhook(
                    webhook_id=due.webhook_id, reason="gone" if result.verdict == "gone" else "failing"
                )
                await outbox.append_command(connection, reason)
