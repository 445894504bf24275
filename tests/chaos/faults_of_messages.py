import asyncio
import json
from typing import Any
from uuid import uuid4

from chassis.broker import Outgoing, open_broker
from chassis.topology import COMMANDS
from contracts.tasks import CreateTask
from tests.chaos.world import World
from tests.eventually import eventually

_DELIVERIES = 21  # the first, and the queue's limit
_DEADLY = "the worker dies of this"
_LOCK = 30
_DEADLY_TRIGGER = f"""
    CREATE FUNCTION tasks.die() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM pg_advisory_xact_lock({_LOCK});
      RETURN NEW;
    END $$;
    CREATE TRIGGER die BEFORE INSERT ON tasks.tasks
       FOR EACH ROW WHEN (NEW.title = '{_DEADLY}') EXECUTE FUNCTION tasks.die();
    SELECT pg_advisory_lock({_LOCK});
    """
"""Who gets there waits, until he is killed."""
_IS_PARKED = "SELECT EXISTS (SELECT FROM notifier.dead_letter WHERE position($1::bytea IN body) > 0)"
_IS_PARKED_OR_REACHED = f"""
    {_IS_PARKED} OR EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = $2 AND NOT granted)
    """


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
    world.goes_on(statuses)
    assert statuses.keys() <= {200, 201}, f"others were held up: {statuses}"
    return f"{len(kinds)} kinds among {statuses.total()} good requests, which all succeeded"


async def crash_poison(world: World) -> str:
    """A worker is killed whenever it carries out one command. It is parked; what is in hand beside it is done."""
    deaths = 0
    async with world.superuser() as connection:
        await connection.execute(_DEADLY_TRIGGER)
        await _accept(world)
        world.poison += 1
        while True:
            await eventually(lambda: connection.fetchval(_IS_PARKED_OR_REACHED, _DEADLY.encode(), _LOCK), within=30)
            if await connection.fetchval(_IS_PARKED, _DEADLY.encode()):
                break
            deaths += 1
            assert deaths <= _DELIVERIES, "it is delivered for ever"
            world.running.kill("task_worker")
            await world.running.services["task_worker"].wait()
            await world.restart("task_worker")
        await connection.execute("DROP FUNCTION tasks.die() CASCADE")
    return f"parked after {deaths} deaths; flowing {await world.flowing():.1f} s later"


async def _accept(world: World) -> None:
    headers = {
        "Authorization": f"Bearer {world.traffic.token}",
        "Prefer": "respond-async",
        "Idempotency-Key": str(uuid4()),
    }
    async with world.running.http.post("/v1/tasks", json={"title": _DEADLY}, headers=headers) as response:
        assert response.status == 202, await response.text()
