import asyncio
import json
import os
import signal
import time
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from chassis.broker import Outgoing, open_broker
from chassis.topology import COMMANDS
from contracts.tasks import CreateTask
from tests.chaos.world import World
from tests.conftest import PASSWORDS
from tests.eventually import eventually

_FAILPOINTS = ("after_begin", "after_handler", "before_commit", "after_commit", "before_reply", "before_ack")


async def worker_killed(world: World) -> str:
    for name in _FAILPOINTS:
        await world.running.services["task_worker"].stop()
        await world.running.start_dying("task_worker", FAILPOINTS=f"worker.{name}=kill")
        await world.running.services["task_worker"].wait()
        await world.restart("task_worker")
        await world.flowing()
    return f"{len(_FAILPOINTS)} deaths"


async def worker_frozen(world: World) -> str:
    """What it holds passes its deadline, and is not carried out when it wakes."""
    await world.running.start("task_worker", replica="task_worker-2")
    pid = world.running.services["task_worker"].pid
    assert pid is not None
    number = len(world.traffic.attempts)
    os.kill(pid, signal.SIGSTOP)
    try:
        await world.lasts(8)
    finally:
        os.kill(pid, signal.SIGCONT)
    await world.flowing()
    return f"{world.traffic.statuses(number)[504]} passed their deadline"


async def gateway_killed(world: World) -> str:
    started = time.monotonic()
    world.running.kill("gateway")
    await world.running.services["gateway"].wait()
    await world.restart("gateway")
    flowing = await world.flowing()
    world.gateway_was_away.append((started - 6, time.monotonic()))
    return f"back in {flowing:.1f} s"


async def gateway_frozen(world: World) -> str:
    pid = world.running.services["gateway"].pid
    assert pid is not None
    started = time.monotonic()
    os.kill(pid, signal.SIGSTOP)
    await world.lasts(3)
    os.kill(pid, signal.SIGCONT)
    flowing = await world.flowing()
    world.gateway_was_away.append((started - 6, time.monotonic()))
    return f"back in {flowing:.1f} s"


async def notifier_away(world: World) -> str:
    """Nobody else notices, and what happened meanwhile is recorded afterwards."""
    number = len(world.traffic.attempts)
    await world.running.services["notifier"].stop()
    await world.lasts(4)
    statuses = world.traffic.statuses(number)
    await world.restart("notifier")
    share = (statuses[200] + statuses[201]) / statuses.total()
    assert share >= 0.95, f"only {share:.0%} of what needs no notifier succeeded: {statuses}"
    return f"{share:.1%} of what needs no notifier succeeded"


async def rolling_restart(world: World) -> str:
    """The other replica carries on, and what is in flight is finished: nobody is refused."""
    await world.running.start("task_worker", replica="task_worker-2")
    number = len(world.traffic.attempts)
    for name in ("task_worker", "auth_worker", "notifier", "task_worker"):
        await world.running.services[name].stop()
        await world.restart(name)
        await world.flowing()
    statuses = world.traffic.statuses(number, "create") + world.traffic.statuses(number, "update")
    assert statuses.keys() <= {200, 201}, f"not only good answers: {statuses}"
    return f"{statuses.total()} changes, all acknowledged"


async def relay_owner_killed(world: World) -> str:
    await world.running.start("task_worker", replica="task_worker-2")
    world.running.kill("task_worker")
    await world.running.services["task_worker"].wait()
    started = time.monotonic()
    async with world.superuser() as connection:
        before = await connection.fetchval("SELECT count(*) FROM notifier.activity")
        await eventually(
            lambda: connection.fetchval("SELECT count(*) > $1 + 20 FROM notifier.activity", before), within=20
        )
    taken = time.monotonic() - started
    await world.restart("task_worker")
    await world.flowing()
    return f"events flowed on within {taken:.1f} s"


async def poison_outbox_row(world: World) -> str:
    """The broker closes the channel on it; the rest of its lane goes on, and it stays to be looked at."""
    async with world.superuser() as connection:
        rows = [
            await connection.fetchval(
                """
                INSERT INTO tasks.outbox (message_id, lane, exchange, routing_key, aggregate_id, command)
                VALUES ($1, 0, $2, 'tasks.commands', $1, $3)
                RETURNING id
                """,
                uuid4(),
                exchange,
                command,
            )
            for exchange, command in (
                ("taskmesh.nowhere", '{"type": "x", "body": {}}'),
                (COMMANDS, '{"neither": "type nor body"}'),
                (COMMANDS, None),
            )
        ]
        set_aside = "SELECT bool_and(lane = -1) FROM tasks.outbox WHERE id = ANY ($1)"
        try:
            await eventually(lambda: connection.fetchval(set_aside, rows), within=60)
        finally:
            await connection.execute("DELETE FROM tasks.outbox WHERE id = ANY ($1)", rows)
    return f"set aside; flowing {await world.flowing():.1f} s later"


async def poison(world: World) -> str:
    """One unreadable message in a hundred or so: each is parked, once, and nobody waits behind it."""
    task = json.dumps({"task_id": str(uuid4()), "task": {"title": "poison"}}).encode()
    kinds: tuple[dict[str, Any], ...] = (
        {"body": b"{not json"},
        {"body": b""},
        {"body": b"\x80\x04pickle"},
        {"body": b"\xef\xbb\xbf{}"},
        {"body": b'"\xff"'},
        {"body": b"x" * (257 * 1024)},
        {"body": b"[" * 20_000},
        {"type": "tasks.create_task.v99"},
        {"type": "tasks.fly_to_the_moon.v1"},
        {"type": ""},
        {"message_id": "not a uuid"},
        {"headers": {"x-actor": "{"}},
        {"reply_to": "tasks.commands", "correlation_id": "1", "headers": {"x-deadline": 1}},
        {"reply_to": "../../etc", "correlation_id": "1", "headers": {"x-deadline": 1}},
        {"reply_to": "gateway.replies." + "0" * 32},
        {"reply_to": "gateway.replies." + "0" * 32, "correlation_id": "1", "headers": {"x-deadline": "soon"}},
    )
    number = len(world.traffic.attempts)
    async with open_broker(world.addresses.amqp_url("gateway"), "gateway") as broker:
        await eventually(lambda: broker.can_publish)
        for changes in kinds:
            fields = {"body": task, "message_id": str(uuid4()), "type": CreateTask.wire_name, **changes}
            await broker.publish(Outgoing(exchange=COMMANDS, routing_key="tasks.commands", **fields))
            world.poison += 1
            await asyncio.sleep(0.1)
    await world.flowing()
    statuses = world.traffic.statuses(number)
    assert statuses.keys() <= {200, 201}, f"others were held up: {statuses}"
    return f"{len(kinds)} kinds among {statuses.total()} good requests, which all succeeded"


async def credentials_rotated(world: World) -> str:
    """Of a worker, at both servers, which then close what was opened with the old ones."""
    started = time.monotonic()
    try:
        await _rotate(world, "task_worker", "another-password")
        taken = time.monotonic() - started
    finally:
        await _rotate(world, "task_worker", PASSWORDS["task_worker"])
    assert taken < 30, f"only after {taken:.1f} s"
    return f"acknowledged under new passwords after {taken:.1f} s, without a restart"


async def _rotate(world: World, name: str, password: str) -> None:
    for kind, proxy in (("amqp_url", world.broker[name]), ("database_url", world.database[name])):
        url = urlsplit(proxy.url)
        netloc = f"{name}:{password}@127.0.0.1:{url.port}"
        (world.folder / f"{name}.{kind}").write_text(url._replace(netloc=netloc).geturl())
    await world.management.put("users", name, body={"password": password, "tags": ""})
    async with world.superuser() as connection:
        await connection.execute(f"ALTER ROLE {name} PASSWORD '{password}'")
        await connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1", name)
    world.broker[name].reset()
    await world.flowing()
