"""What must be true once the faults are over, each by its name and with its figure."""

from collections import Counter
from contextlib import suppress

import asyncpg

from tests.chaos.findings import Broken, Check, Finding, require
from tests.chaos.invariants_of_data import (
    activity_is_the_log,
    no_ghost,
    no_zombie,
    nothing_late,
    nothing_lost_or_doubled,
    one_event_a_version,
    one_notification_each,
    one_session_a_login,
    outbox_drains,
    refused_is_not_done,
    same_key_same_answer,
    state_is_the_fold,
    the_chain_holds,
)
from tests.chaos.load import DEADLINE
from tests.chaos.world import World, metric, usage
from tests.eventually import eventually
from tests.running import PASSWORD

GRACE = 2.0  # seconds; servers start again on the same cores
EXPECTED = {200, 201, 404, 409, 412, 429, 503, 504}
KEEPS = {"parking", "expired", "events.unrouted", "events.log"}
_UNAFFECTED = 0.95
_OPEN_FILES = 24  # a pool of 16 that was not full yet, and a few that come and go


async def always_answers(world: World, _: asyncpg.Connection) -> str:
    def excused(started: float) -> bool:
        return any(begin <= started <= end for begin, end in world.gateway_was_away)

    attempts = [each for each in world.traffic.attempts if each.ended and not excused(each.started)]
    late = [each for each in attempts if each.seconds > DEADLINE + GRACE]
    unexpected = Counter(each.status for each in attempts if each.status not in EXPECTED)
    malformed = [
        each
        for each in attempts
        if each.status is not None
        and each.status >= 400
        and not (each.media_type == "application/problem+json" and each.answer.get("request_id"))
    ]
    slowest = max((each.seconds for each in attempts), default=0.0)
    figure = (
        f"{len(attempts)} requests, slowest {slowest:.2f} s, {len(late)} late, {len(malformed)} malformed, "
        f"unexpected {dict(unexpected)}"
    )
    return require(not (late or unexpected or malformed), figure)


async def queues_are_empty(world: World, connection: asyncpg.Connection) -> str:
    left: dict[str, int] = {}

    async def empty() -> bool:
        queues = await world.management.get("queues", world.addresses.vhost)
        left.clear()
        left.update({each["name"]: each["messages"] for each in queues if each.get("messages", 0)})
        parked = await connection.fetchval("SELECT count(*) FROM notifier.dead_letter")
        return not left.keys() - (KEEPS - {"events.unrouted", "parking"}) and parked == world.poison

    try:
        await eventually(empty, within=60, every=0.5)
    except AssertionError:
        letters = await connection.fetch("SELECT reason, type, error FROM notifier.dead_letter ORDER BY id")
        raise Broken(f"left {left}, {world.poison} poisoned, parked {[tuple(each) for each in letters]}") from None
    return f"nothing left, {world.poison} of {world.poison} parked"


async def nothing_leaks(world: World, _: asyncpg.Connection) -> str:
    held: dict[str, float] = {}
    grown: dict[str, tuple[int, float]] = {}

    async def settled() -> bool:
        services = world.running.services
        held["pending"] = await metric(services["gateway"].health_port, "taskmesh_pending_requests")
        held["used"] = await metric(
            services["task_worker"].health_port, 'db_client_connection_count{pool="task_worker",state="used"}'
        )
        for name, service in services.items():
            if service.pid and name in world.baseline and name not in world.killed:
                files, memory = usage(service.pid)
                grown[name] = (files - world.baseline[name][0], memory / world.baseline[name][1] - 1)
        return not held["pending"] and all(more <= _OPEN_FILES for more, _ in grown.values())

    with suppress(AssertionError):  # a client keeps its idle connections, and a gateway asks of its own accord
        await eventually(settled, within=40, every=0.5)
    careless = [
        name
        for name in world.running.services
        if any(sign in world.running.log(name) for sign in ("never retrieved", "never awaited"))
    ]
    memory_growth = ", ".join(f"{name} {more:+.0%}" for name, (_, more) in grown.items())
    figure = (
        f"pending {held['pending']:.0f}, connections in use {held['used']:.0f}, "
        f"memory {memory_growth}, careless {careless}"
    )
    files_too_many = {name: more for name, (more, _) in grown.items() if more > _OPEN_FILES}
    return require(not held["pending"] and not files_too_many and not careless, f"{figure}, files {files_too_many}")


async def nobody_was_restarted(world: World, _: asyncpg.Connection) -> str:
    others = {
        name for name, pid in world.pids.items() if name not in world.killed and world.running.services[name].pid != pid
    }
    return require(not others, f"{len(world.killed)} ended on purpose, other deaths {sorted(others)}")


async def others_go_on(world: World, _: asyncpg.Connection) -> str:
    least = min(world.unaffected, default=1.0)
    figure = f"{len(world.unaffected)} faults of a part, at least {least:.0%} of the rest succeeded"
    return require(least >= _UNAFFECTED, figure)


async def no_secret_is_told(world: World, _: asyncpg.Connection) -> str:
    secrets = (PASSWORD, world.traffic.token)
    told = [name for name in world.running.services if any(each in world.running.log(name) for each in secrets)]
    return require(not told, f"{len(world.running.services)} logs, told in {told}")


CHECKS: tuple[tuple[str, str, Check], ...] = (
    ("I1", "what is acknowledged is there once", nothing_lost_or_doubled),
    ("I2", "one event a version", one_event_a_version),
    ("I3", "no change without event", no_zombie),
    ("I4", "no event without change", no_ghost),
    ("I5", "outboxes drain", outbox_drains),
    ("I6", "activity is the event log", activity_is_the_log),
    ("I7", "the gateway always answers", always_answers),
    ("I8", "what is refused is not done", refused_is_not_done),
    ("I9", "one key, one answer", same_key_same_answer),
    ("I10", "nothing is done late", nothing_late),
    ("I11", "queues are empty, poison is parked", queues_are_empty),
    ("I12", "the state is the fold of its events", state_is_the_fold),
    ("I13", "one notification each", one_notification_each),
    ("I14", "nothing leaks", nothing_leaks),
    ("I15", "nobody is restarted", nobody_was_restarted),
    ("I16", "no secret in a log", no_secret_is_told),
    ("I17", "one session a log-in", one_session_a_login),
    ("I18", "the chain of the activity log holds", the_chain_holds),
    ("I19", "what does not need it goes on", others_go_on),
)


async def examine(world: World) -> list[Finding]:
    """Once the load is over; what must drain first is looked at first."""
    found: dict[str, Finding] = {}
    order = sorted(CHECKS, key=lambda check: check[0] not in ("I5", "I6", "I11"))
    async with world.superuser() as connection:
        for name, what, check in order:
            try:
                found[name] = Finding(name, what, "ok", await check(world, connection))
            except Broken as broken:
                found[name] = Finding(name, what, "failed", str(broken))
    return [found[name] for name, _, _ in CHECKS]
