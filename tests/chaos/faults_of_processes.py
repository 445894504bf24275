import os
import signal
import time
from urllib.parse import urlsplit

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
    share = world.goes_on(statuses)
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
    world.goes_on(statuses)
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
