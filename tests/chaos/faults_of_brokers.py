import signal
import time

from ops import topology
from tests.chaos.proxy import BLACK_HOLE, FINE, HALF_OPEN, Fault
from tests.chaos.world import World
from tests.conftest import PASSWORDS
from tests.eventually import eventually


async def killed(world: World) -> str:
    await world.addresses.rabbitmq.kill()
    await world.addresses.rabbitmq.start()
    return f"acknowledged again {await world.flowing():.1f} s after the start"


async def away(world: World) -> str:
    await world.addresses.rabbitmq.kill()
    await world.answered(503)
    number = len(world.traffic.attempts)
    await world.lasts(15)
    refused = sorted(each.seconds for each in world.traffic.attempts[number:] if each.status == 503)
    slowest = refused[int(len(refused) * 0.99)]
    await world.addresses.rabbitmq.start()
    assert slowest < 0.2, f"refused only after {slowest * 1000:.0f} ms"
    return f"{len(refused)} refused, p99 {slowest * 1000:.0f} ms; back in {await world.flowing():.1f} s"


async def application_restarted(world: World) -> str:
    slowest = 0.0
    for _ in range(5):
        await world.addresses.rabbitmq.control("stop_app")
        await world.addresses.rabbitmq.control("start_app")
        slowest = max(slowest, await world.flowing())
    return f"back in at most {slowest:.1f} s"


async def frozen(world: World) -> str:
    world.signal_tree(world.addresses.rabbitmq.pid, signal.SIGSTOP)
    try:
        await world.lasts(8)
    finally:
        world.signal_tree(world.addresses.rabbitmq.pid, signal.SIGCONT)
    return f"back in {await world.flowing():.1f} s"


async def black_hole_of_gateway(world: World) -> str:
    number = len(world.traffic.attempts)
    started = time.monotonic()
    world.broker["gateway"].become(BLACK_HOLE)
    await world.answered(503, since=number)
    noticed = time.monotonic() - started
    world.broker["gateway"].become(FINE)
    assert noticed < 8 + 1, f"noticed only after {noticed:.1f} s"
    return f"noticed in {noticed:.1f} s, back in {await world.flowing():.1f} s"


async def black_hole_of_worker(world: World) -> str:
    """The other one is there, and takes over what this one held."""
    direct = world.folder / "task_worker-2.amqp_url"
    direct.write_text(world.addresses.amqp_url("task_worker"))
    await world.running.start("task_worker", replica="task_worker-2", AMQP_URL_FILE=str(direct))
    world.broker["task_worker"].become(BLACK_HOLE)
    try:
        await world.lasts(12)
        flowing = await world.flowing()
    finally:
        world.broker["task_worker"].become(FINE)
    await world.flowing()
    return f"the other worker answered in {flowing:.1f} s"


async def bad_lines(world: World) -> str:
    lines = {
        "half-open": HALF_OPEN,
        "latency": Fault(latency=0.1, jitter=0.05),
        "throttle": Fault(rate=64_000),
        "dribble": Fault(dribbles=True),
    }
    told = []
    for name, fault in lines.items():
        world.broker["gateway"].become(fault)
        world.broker["task_worker"].become(fault)
        await world.lasts(3)
        world.heal()
        told.append(f"{name} {await world.flowing():.1f} s")
    for _ in range(3):
        for proxy in world.broker.values():
            proxy.reset()
        await world.lasts(1)
    told.append(f"resets {await world.flowing():.1f} s")
    return "back after " + ", ".join(told)


async def memory_alarm(world: World) -> str:
    return await _alarm(world, "set_vm_memory_high_watermark", "absolute", "1MB", back=("0.4",))


async def disk_alarm(world: World) -> str:
    return await _alarm(world, "set_disk_free_limit", "100000GB", back=("50MB",))


async def _alarm(world: World, setting: str, *value: str, back: tuple[str, ...]) -> str:
    """Publishing fails closed, and nothing that was refused is done later."""
    number = len(world.traffic.attempts)
    await world.addresses.rabbitmq.control(setting, *value)
    try:
        await world.answered(503, since=number, within=30)
    finally:
        await world.addresses.rabbitmq.control(setting, *back)
    statuses = world.traffic.statuses(number)
    return f"{statuses[503]} refused, {statuses[504]} unknown; back in {await world.flowing():.1f} s"


async def queue_full(world: World) -> str:
    vhost = world.addresses.vhost
    policy = {"pattern": r"^tasks\.commands$", "apply-to": "queues", "definition": {"max-length": 1}, "priority": 9}
    number = len(world.traffic.attempts)
    pid = world.running.services["task_worker"].pid
    assert pid is not None
    await world.management.put("policies", vhost, "full", body=policy)
    world.signal_tree(pid, signal.SIGSTOP)
    try:
        await eventually(lambda: "overloaded" in {each.answer.get("code") for each in world.traffic.attempts[number:]})
        await world.lasts(2)
    finally:
        world.signal_tree(pid, signal.SIGCONT)
        await world.management.delete("policies", vhost, "full")
    refused = sorted(
        each.seconds for each in world.traffic.attempts[number:] if each.answer.get("code") == "overloaded"
    )
    median = refused[len(refused) // 2]
    assert median < 0.05, f"refused only after {median * 1000:.0f} ms"
    return f"{len(refused)} refused, half within {median * 1000:.0f} ms; back in {await world.flowing():.1f} s"


async def queue_deleted(world: World) -> str:
    rabbitmq = world.addresses.rabbitmq
    number = len(world.traffic.attempts)
    await world.management.delete("queues", world.addresses.vhost, "tasks.commands")
    await eventually(
        lambda: "service-unavailable" in {each.answer.get("code") for each in world.traffic.attempts[number:]}
    )
    await topology.declare(rabbitmq.management_url, world.addresses.vhost, rabbitmq.admin, passwords=PASSWORDS)
    flowing = await world.flowing()
    assert flowing < 10, f"consumed again only after {flowing:.1f} s"
    return f"consumed again in {flowing:.1f} s"


async def reply_queue_deleted(world: World) -> str:
    vhost = world.addresses.vhost
    names = [queue["name"] for queue in await world.management.get("queues", vhost)]
    replies = [name for name in names if name.startswith("gateway.replies.")]
    assert replies, "no gateway waits for replies"
    for name in replies:
        await world.addresses.rabbitmq.control("delete_queue", "--vhost", vhost, name)
    return f"{len(replies)} deleted; back in {await world.flowing():.1f} s"
