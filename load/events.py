"""How long after it was written an event reaches a subscriber, over AMQP and over SSE, at a steady rate of changes.

The clock of an event is the database's when the change was written, a little before its commit.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime

import aio_pika
import aiohttp
import orjson
from aio_pika.abc import AbstractIncomingMessage

from load.account import Account
from load.measurement import Measurement, Result
from load.pace import Pace
from load.requests import Answer
from load.scenarios import SCENARIOS
from load.stack import Stack
from load.target import Target, measure

_TYPE = "tasks.task_updated.v1"
_ARRIVED = Answer(200)
_GRACE = 10.0  # seconds that the last events may need
_PAUSE = 0.05  # seconds


def _age(written: str) -> float:
    return (datetime.now(UTC) - datetime.fromisoformat(written)).total_seconds()


@asynccontextmanager
async def _over_amqp(url: str, measured: Measurement) -> AsyncIterator[None]:
    async def receive(message: AbstractIncomingMessage) -> None:
        measured.record(_ARRIVED, _age(str(message.headers["ce-time"])))

    async with await aio_pika.connect(url) as connection:
        queue = await (await connection.channel()).declare_queue(exclusive=True)
        await queue.bind("taskmesh.events", _TYPE)
        await queue.consume(receive, no_ack=True)
        yield


@asynccontextmanager
async def _over_sse(url: str, token: str, measured: Measurement) -> AsyncIterator[None]:
    async def listen(response: aiohttp.ClientResponse) -> None:
        async for line in response.content:
            if line.startswith(b'data: {"specversion"'):
                measured.record(_ARRIVED, _age(orjson.loads(line[6:])["time"]))

    headers = {"Authorization": f"Bearer {token}"}
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None)) as http,
        http.get(f"{url}/v1/events/stream?types={_TYPE}", headers=headers, raise_for_status=True) as response,
    ):
        listening = asyncio.create_task(listen(response))
        try:
            yield
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening


async def measure_events(
    stack: Stack, account: Account, pace: Pace, *, seconds: float, stopping: asyncio.Event
) -> list[Result]:
    """Of the changes themselves, and of their events over each way that there is."""
    requests = await SCENARIOS["patch"].prepare(account)
    ways: dict[str, Measurement] = {"sse": Measurement()}
    async with AsyncExitStack() as open_ways:
        if stack.amqp_url:
            ways["amqp"] = Measurement()
            await open_ways.enter_async_context(_over_amqp(stack.amqp_url, ways["amqp"]))
        await open_ways.enter_async_context(_over_sse(stack.url, account.token, ways["sse"]))
        target = Target("changes", account.send, stack.parts)
        changes = await measure(target, requests, pace, seconds=seconds, stopping=stopping)
        with suppress(TimeoutError):
            async with asyncio.timeout(_GRACE):
                while any(way.accepted < changes.accepted for way in ways.values()):  # noqa: ASYNC110  they count in callbacks
                    await asyncio.sleep(_PAUSE)
    events = [way.result(name, str(pace), changes.seconds, {}) for name, way in ways.items()]
    return [changes, *events]
