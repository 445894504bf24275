import signal
import time

import asyncpg

from tests.chaos.world import World
from tests.eventually import eventually

_CUTS = 20


async def killed(world: World) -> str:
    await world.addresses.postgres.kill()
    await world.addresses.postgres.start()
    return f"acknowledged again {await world.flowing():.1f} s after the start"


async def frozen(world: World) -> str:
    number = len(world.traffic.attempts)
    world.signal_tree(world.addresses.postgres.pid, signal.SIGSTOP)
    try:
        await world.lasts(8)
    finally:
        world.signal_tree(world.addresses.postgres.pid, signal.SIGCONT)
    flowing = await world.flowing()
    statuses = world.traffic.statuses(number)
    return f"{statuses[503]} refused, {statuses[504]} unknown; back in {flowing:.1f} s"


async def cut_in_commit(world: World) -> str:
    proxy = world.database["task_worker"]
    cuts = proxy.cuts
    proxy.cut_after = lambda data: b"COMMIT" in data and proxy.cuts < cuts + _CUTS
    number = len(world.traffic.attempts)
    await eventually(lambda: proxy.cuts >= cuts + _CUTS, within=60)
    proxy.cut_after = None
    flowing = await world.flowing()
    return f"{proxy.cuts - cuts} cuts, answers {dict(world.traffic.statuses(number))}; back in {flowing:.1f} s"


async def pool_busy(world: World) -> str:
    """Every change waits for one lock, for longer than it may."""
    number = len(world.traffic.attempts)
    async with world.superuser() as connection, connection.transaction():
        await connection.execute("LOCK TABLE tasks.tasks IN EXCLUSIVE MODE")
        await world.lasts(4)
    flowing = await world.flowing()
    statuses = world.traffic.statuses(number)
    assert statuses[503], f"nobody was refused: {statuses}"
    assert flowing < 5, f"starved for {flowing:.1f} s"
    return f"answers {dict(statuses)}; back in {flowing:.1f} s"


async def row_locked(world: World) -> str:
    number = len(world.traffic.attempts)
    async with world.superuser() as connection, connection.transaction():
        await connection.execute("SELECT FROM tasks.tasks ORDER BY id LIMIT 1 FOR UPDATE")
        await world.lasts(6)
    created = world.traffic.statuses(number, "create")
    world.goes_on(created)
    assert created.keys() <= {201}, f"others were held up: {created}"
    return f"changes {dict(world.traffic.statuses(number, 'update'))}, creations untouched"


async def conflicts(world: World) -> str:
    """As two transactions that could not both commit: three in ten statements fail and are tried again."""
    number = len(world.traffic.attempts)
    async with world.superuser() as connection:
        await connection.execute(
            """
            CREATE FUNCTION tasks.conflict() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
              IF random() < 0.3 THEN RAISE EXCEPTION USING ERRCODE = '40001'; END IF;
              RETURN NEW;
            END $$;
            CREATE TRIGGER conflict BEFORE INSERT OR UPDATE ON tasks.tasks FOR EACH ROW EXECUTE FUNCTION tasks.conflict();
            """
        )
        try:
            await world.lasts(5)
        finally:
            await _patiently(connection, "DROP FUNCTION tasks.conflict() CASCADE")
    await world.flowing()
    statuses = world.traffic.statuses(number)
    assert statuses[201] > statuses[503], f"not tried again: {statuses}"
    return f"answers {dict(statuses)}"


async def table_altered(world: World) -> str:
    number = len(world.traffic.attempts)
    async with world.superuser() as connection:
        for statement in (
            "ALTER TABLE tasks.tasks ADD COLUMN chaos integer",
            "ALTER TABLE tasks.tasks ALTER COLUMN chaos TYPE bigint",
            "ALTER TABLE tasks.tasks DROP COLUMN chaos",
        ):
            await _patiently(connection, statement)
            await world.flowing()
    return f"answers {dict(world.traffic.statuses(number))}"


async def _patiently(connection: asyncpg.Connection, statement: str) -> None:
    """DDL that gives way, as a migration does, and tries again."""
    await connection.execute("SET lock_timeout = '500ms'")
    until = time.monotonic() + 20
    while True:
        try:
            await connection.execute(statement)
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
            assert time.monotonic() < until, statement
        else:
            return
