"""What must be true once the faults are over, each by its name and with its figure."""

import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

import aiohttp
import asyncpg

from notifier.audit import verify
from ops.migrate import OPERATOR
from tests.chaos.world import World, usage
from tests.eventually import eventually
from tests.running import PASSWORD

DEADLINE = 5.0  # seconds; the gateway's default
GRACE = 2.0  # seconds; servers start again on the same cores
LATE = 2.0  # seconds
EXPECTED = {200, 201, 404, 409, 412, 429, 503, 504}
KEEPS = {"parking", "expired", "events.unrouted", "events.log"}
_WRITTEN = """
    CASE WHEN type LIKE 'tasks.task_created.%' THEN data -> 'task' ->> 'title'
         ELSE data -> 'changes' -> 'title' ->> 'new' END
"""
_OPEN_FILES = 24  # a pool of 16 that was not full yet, and a few that come and go


@dataclass(frozen=True)
class Finding:
    name: str
    what: str
    state: Literal["ok", "failed", "skipped"]
    figure: str


class Broken(AssertionError):
    pass


Check = Callable[[World, asyncpg.Connection], Awaitable[str]]


def require(good: object, figure: str) -> str:
    if not good:
        raise Broken(figure)
    return figure


async def done(connection: asyncpg.Connection) -> Counter[str]:
    """How often each title was written, by creation or by change. The event log forgets nothing."""
    rows = await connection.fetch(f"SELECT {_WRITTEN} AS title FROM tasks.event_log")
    return Counter(row["title"] for row in rows if row["title"] is not None)


async def nothing_lost_or_doubled(world: World, connection: asyncpg.Connection) -> str:
    written = await done(connection)
    changes = list(world.traffic.changes)
    acknowledged = {each.title for each in changes if each.status in (200, 201)}
    lost = acknowledged - written.keys()
    phantom = written.keys() - {each.title for each in changes}
    doubled = [title for title, count in written.items() if count > 1]
    figure = f"{len(acknowledged)} acknowledged, {len(lost)} lost, {len(phantom)} phantom, {len(doubled)} doubled"
    return require(acknowledged and not (lost or phantom or doubled), figure)


async def one_event_a_version(_: World, connection: asyncpg.Connection) -> str:
    gaps = await connection.fetchval(
        """
        SELECT count(*)
          FROM (SELECT aggregate_id
                  FROM tasks.event_log
                 GROUP BY 1
                HAVING max(aggregate_version) <> count(*) OR min(aggregate_version) <> 1) AS gap
        """
    )
    return require(gaps == 0, f"{gaps} tasks with a gap")


async def no_zombie(_: World, connection: asyncpg.Connection) -> str:
    zombies = await connection.fetchval(
        """
        SELECT count(*)
          FROM tasks.tasks t
          LEFT JOIN (SELECT aggregate_id, max(aggregate_version) AS version FROM tasks.event_log GROUP BY 1) e
            ON e.aggregate_id = t.id
         WHERE t.version IS DISTINCT FROM e.version
        """
    )
    return require(zombies == 0, f"{zombies} changes without event")


async def no_ghost(_: World, connection: asyncpg.Connection) -> str:
    ghosts = await connection.fetchval(
        """
        SELECT count(*)
          FROM notifier.activity
         WHERE event_id NOT IN (SELECT event_id FROM tasks.event_log UNION ALL SELECT event_id FROM auth.event_log)
        """
    )
    return require(ghosts == 0, f"{ghosts} events without change")


async def outbox_drains(_: World, connection: asyncpg.Connection) -> str:
    started = time.monotonic()
    empty = """
        SELECT (SELECT count(*) FROM tasks.outbox)
             + (SELECT count(*) FROM auth.outbox)
             + (SELECT count(*) FROM notifier.outbox) = 0
    """
    try:
        await eventually(lambda: connection.fetchval(empty), within=30, every=0.1)
    except AssertionError:
        raise Broken("not empty after 30 s") from None
    return f"empty {time.monotonic() - started:.1f} s after the last fault"


async def activity_is_the_log(_: World, connection: asyncpg.Connection) -> str:
    difference = """
        SELECT count(*)
          FROM (SELECT event_id FROM tasks.event_log) l
          FULL JOIN (SELECT event_id FROM notifier.activity WHERE resource_type IN ('task', 'share')) a USING (event_id)
         WHERE l.event_id IS NULL OR a.event_id IS NULL OR l.event_id <> a.event_id
    """
    missing = """
        SELECT (SELECT count(*) FROM tasks.event_log)
             = (SELECT count(*) FROM notifier.activity WHERE resource_type IN ('task', 'share'))
    """
    try:
        await eventually(lambda: connection.fetchval(missing), within=30, every=0.1)
    except AssertionError:
        raise Broken("not the same after 30 s") from None
    different = await connection.fetchval(difference)
    return require(different == 0, f"{await connection.fetchval('SELECT count(*) FROM tasks.event_log')} events")


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


async def refused_is_not_done(world: World, connection: asyncpg.Connection) -> str:
    """Of a title that was tried once: a second attempt under the same key may have succeeded."""
    written, tries = await done(connection), Counter(each.title for each in world.traffic.changes)
    refused = {each.title: each for each in world.traffic.changes if each.status == 503 and tries[each.title] == 1}
    wrong = [(each.kind, each.answer.get("code"), round(each.seconds, 2)) for each in map(refused.get, written) if each]
    return require(not wrong, f"{len(refused)} refused, {len(wrong)} done {wrong}")


async def same_key_same_answer(world: World, _: asyncpg.Connection) -> str:
    answers: dict[str, list[object]] = defaultdict(list)
    for each in world.traffic.changes:
        if each.kind == "create" and each.status == 201:
            answers[each.title].append(each.answer)
    repeated = [each for each in answers.values() if len(each) > 1]
    different = [each for each in repeated if any(answer != each[0] for answer in each)]
    return require(not different, f"{len(repeated)} repeated, {len(different)} answered differently")


async def nothing_late(world: World, connection: asyncpg.Connection) -> str:
    rows = await connection.fetch(
        f"SELECT extract(epoch FROM occurred_at)::float8 AS at, {_WRITTEN} AS title FROM tasks.event_log"
    )
    sent: dict[str, float] = {}
    for each in world.traffic.changes:
        sent[each.title] = max(sent.get(each.title, 0.0), each.wall)
    late = [row for row in rows if row["title"] in sent and row["at"] > sent[row["title"]] + DEADLINE + LATE]
    return require(not late, f"{len(rows)} changes, {len(late)} after their deadline")


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


async def state_is_the_fold(_: World, connection: asyncpg.Connection) -> str:
    different = await connection.fetchval(
        """
        SELECT count(*)
          FROM tasks.tasks t
          JOIN (SELECT DISTINCT ON (aggregate_id) aggregate_id, data
                  FROM tasks.event_log
                 ORDER BY aggregate_id, aggregate_version DESC) e ON e.aggregate_id = t.id
         WHERE e.data -> 'task' ->> 'title' IS DISTINCT FROM t.title
        """
    )
    return require(different == 0, f"{different} tasks differ from their last event")


async def nothing_leaks(world: World, _: asyncpg.Connection) -> str:
    gateway = world.running.services["gateway"]
    pending = await _metric(gateway.health_port, "taskmesh_pending_requests")
    used = await _metric(world.running.services["task_worker"].health_port, 'db_client_connection_count{state="used"}')
    grown: dict[str, tuple[int, float]] = {}

    async def few_files() -> bool:
        for name, service in world.running.services.items():
            if service.pid and name in world.baseline and name not in world.killed:
                files, memory = usage(service.pid)
                grown[name] = (files - world.baseline[name][0], memory / world.baseline[name][1] - 1)
        return all(more <= _OPEN_FILES for more, _ in grown.values())

    with suppress(AssertionError):  # a client keeps its idle connections for fifteen seconds
        await eventually(few_files, within=20, every=0.5)
    careless = [
        name
        for name in world.running.services
        if any(sign in world.running.log(name) for sign in ("never retrieved", "never awaited"))
    ]
    memory_growth = ", ".join(f"{name} {more:+.0%}" for name, (_, more) in grown.items())
    figure = f"pending {pending:.0f}, connections in use {used:.0f}, memory {memory_growth}, careless {careless}"
    files_too_many = {name: more for name, (more, _) in grown.items() if more > _OPEN_FILES}
    return require(pending == 0 and not files_too_many and not careless, f"{figure}, files {files_too_many}")


async def _metric(port: int, name: str) -> float:
    async with aiohttp.ClientSession() as http, http.get(f"http://127.0.0.1:{port}/metrics") as response:
        lines = (await response.text()).splitlines()
    return next((float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"{name} ")), 0.0)


async def nobody_was_restarted(world: World, _: asyncpg.Connection) -> str:
    others = {
        name for name, pid in world.pids.items() if name not in world.killed and world.running.services[name].pid != pid
    }
    return require(not others, f"{len(world.killed)} ended on purpose, other deaths {sorted(others)}")


async def no_secret_is_told(world: World, _: asyncpg.Connection) -> str:
    secrets = (PASSWORD, world.traffic.token)
    told = [name for name in world.running.services if any(each in world.running.log(name) for each in secrets)]
    return require(not told, f"{len(world.running.services)} logs, told in {told}")


async def one_notification_each(world: World, connection: asyncpg.Connection) -> str:
    shares = await connection.fetchval("SELECT count(*) FROM tasks.event_log WHERE type = 'tasks.task_shared.v1'")
    wrong = """
        SELECT count(*)
          FROM (SELECT e.event_id, count(n.id) AS times
                  FROM (SELECT event_id FROM tasks.event_log WHERE type = 'tasks.task_shared.v1') e
                  FULL JOIN notifier.notifications n USING (event_id)
                 GROUP BY 1) AS told
         WHERE times <> 1
    """

    async def all_told() -> bool:
        return bool(await connection.fetchval(wrong) == 0)

    try:
        await eventually(all_told, within=30, every=0.5)
    except AssertionError:
        raise Broken(f"{await connection.fetchval(wrong)} of {shares} told never or twice") from None
    asked = sum(1 for each in world.traffic.attempts if each.kind == "share" and each.status == 201)
    return require(asked <= shares, f"{shares} shared, {asked} of them acknowledged, each told once")


async def one_session_a_login(world: World, connection: asyncpg.Connection) -> str:
    acknowledged = sum(1 for each in world.traffic.attempts if each.kind == "login" and each.status == 200)
    row = await connection.fetchrow(
        """
        SELECT count(s.id) AS live,
               count(*) FILTER (WHERE s.id IS NULL OR e.session_id IS NULL) AS lone
          FROM (SELECT id::text FROM auth.sessions WHERE revoked_at IS NULL) s
          FULL JOIN (SELECT data ->> 'session_id' AS session_id
                       FROM auth.event_log
                      WHERE type = 'auth.logged_in.v1') e ON e.session_id = s.id
        """
    )
    assert row is not None
    good = row["lone"] == 0 and row["live"] >= acknowledged
    return require(
        good, f"{acknowledged} log-ins acknowledged, {row['live']} sessions, {row['lone']} without its event"
    )


async def the_chain_holds(world: World, connection: asyncpg.Connection) -> str:
    async def sealed() -> bool:
        return bool(
            await connection.fetchval(
                """
                SELECT (SELECT coalesce(max(last_position), 0) FROM notifier.activity_seals)
                     = (SELECT last_position FROM notifier.feed_state)
                """
            )
        )

    await eventually(sealed, within=30, every=0.5)
    problems, last = await verify(world.addresses.database_url(OPERATOR))
    return require(last and not problems, f"sealed through {last.last_position if last else 0}, {problems}")


CHECKS: tuple[tuple[str, str, Check | str], ...] = (
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
    ("I19", "what does not need it goes on", "measured inside F11, F15, F22, F29 and F34"),
)


async def examine(world: World) -> list[Finding]:
    """Once the load is over; what must drain first is looked at first."""
    found: dict[str, Finding] = {}
    order = sorted(CHECKS, key=lambda check: check[0] not in ("I5", "I6", "I11"))
    async with world.superuser() as connection:
        for name, what, check in order:
            if isinstance(check, str):
                found[name] = Finding(name, what, "skipped", check)
                continue
            try:
                found[name] = Finding(name, what, "ok", await check(world, connection))
            except Broken as broken:
                found[name] = Finding(name, what, "failed", str(broken))
    return [found[name] for name, _, _ in CHECKS]
