"""What must be true of the rows, the events and all that follows from them, once the faults are over."""

import time
from collections import Counter, defaultdict

import asyncpg

from notifier.audit import verify
from ops.migrate import OPERATOR
from tests.chaos.findings import Broken, require
from tests.chaos.load import DEADLINE
from tests.chaos.world import World
from tests.eventually import eventually

LATE = 2.0  # seconds
_WRITTEN = """
    CASE WHEN type LIKE 'tasks.task_created.%' THEN data -> 'task' ->> 'title'
         ELSE data -> 'changes' -> 'title' ->> 'new' END
"""


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
    found = await verify(world.addresses.database_url(OPERATOR))
    last = found.last
    return require(last and not found.problems, f"sealed through {last.last_position if last else 0}, {found.problems}")
