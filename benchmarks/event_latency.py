"""How long after it was written does an event reach a subscriber? Over AMQP and over SSE, at a steady rate of changes.

    RATE_LIMITS=off ./taskmesh up --detach
    .taskmesh/venv/bin/python -m benchmarks.event_latency --rate 200 --seconds 20

The clock of an event is the database's when the change was written, a little before its commit.
"""

import argparse
import asyncio
import secrets
import time
from collections.abc import Sequence
from datetime import UTC, datetime

import aio_pika
import aiohttp
import orjson
from aio_pika.abc import AbstractIncomingMessage

from ops.state import running_state

_TASKS = 50


def _age(written: str) -> float:
    """In milliseconds."""
    return (datetime.now(UTC) - datetime.fromisoformat(written)).total_seconds() * 1000


def _told(name: str, ages: Sequence[float]) -> str:
    ordered = sorted(ages)
    p50, p95, p99 = (ordered[min(len(ordered) - 1, int(len(ordered) * part))] for part in (0.5, 0.95, 0.99))
    return f"{name:<6} {len(ages):>6} events   p50 {p50:6.1f} ms   p95 {p95:6.1f} ms   p99 {p99:6.1f} ms"


async def _log_in(http: aiohttp.ClientSession) -> dict[str, str]:
    name = f"bench-{secrets.token_hex(4)}"
    account = {"username": name, "email": f"{name}@example.org", "password": "Analytical-Engine-1843"}
    async with http.post("/v1/auth/register", json=account) as response:
        response.raise_for_status()
    async with http.post("/v1/auth/login", json={"username": name, "password": account["password"]}) as response:
        return {"Authorization": f"Bearer {(await response.json())['access_token']}"}


async def _create(http: aiohttp.ClientSession, headers: dict[str, str]) -> str:
    async with http.post("/v1/tasks", json={"title": "x"}, headers=headers) as response:
        return str((await response.json())["id"])


async def _listen_sse(response: aiohttp.ClientResponse, ages: list[float]) -> None:
    async for line in response.content:
        if line.startswith(b'data: {"specversion"'):
            ages.append(_age(orjson.loads(line[6:])["time"]))  # noqa: PERF401  it is read while it grows


async def _change(
    http: aiohttp.ClientSession, headers: dict[str, str], tasks: list[str], rate: int, seconds: int
) -> int:
    """At a fixed rate, whatever the answers take; how many failed."""
    loop, started = asyncio.get_running_loop(), time.perf_counter()

    async def patch(number: int) -> bool:
        body = {"title": f"change {number}"}
        async with http.patch(f"/v1/tasks/{tasks[number % len(tasks)]}", json=body, headers=headers) as response:
            return response.status == 200

    requests = []
    for number in range(rate * seconds):
        await asyncio.sleep(max(0.0, started + number / rate - time.perf_counter()))
        requests.append(loop.create_task(patch(number)))
    return (await asyncio.gather(*requests)).count(False)


async def measure(rate: int, seconds: int) -> None:
    state = running_state()
    if state is None:
        raise SystemExit("Start the stack first: RATE_LIMITS=off ./taskmesh up --detach")
    amqp_ages: list[float] = []
    sse_ages: list[float] = []

    async def receive(message: AbstractIncomingMessage) -> None:
        amqp_ages.append(_age(str(message.headers["ce-time"])))

    connection = await aio_pika.connect(state["urls"]["amqp_url"])
    async with connection, aiohttp.ClientSession(state["urls"]["gateway_url"]) as http:
        headers = await _log_in(http)
        tasks = [await _create(http, headers) for _ in range(_TASKS)]
        queue = await (await connection.channel()).declare_queue(exclusive=True)
        await queue.bind("taskmesh.events", "tasks.task_updated.v1")
        await queue.consume(receive, no_ack=True)
        timeout = aiohttp.ClientTimeout(total=None)
        async with http.get(
            "/v1/events/stream?types=tasks.task_updated.v1", headers=headers, timeout=timeout
        ) as response:
            listening = asyncio.create_task(_listen_sse(response, sse_ages))
            failed = await _change(http, headers, tasks, rate, seconds)
            await asyncio.sleep(1)
            listening.cancel()
    print(f"{rate} changes/s for {seconds} s, {failed} refused")
    print(_told("AMQP", amqp_ages))
    print(_told("SSE", sse_ages))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--seconds", type=int, default=20)
    arguments = parser.parse_args()
    asyncio.run(measure(arguments.rate, arguments.seconds))


if __name__ == "__main__":
    main()
