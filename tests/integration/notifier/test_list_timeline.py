import pytest
from asyncpg.pool import PoolConnectionProxy
from uuid_utils.compat import uuid7

from chassis.errors import Refusal
from contracts.message import Actor
from contracts.notices import ListTimeline
from contracts.problems import NOT_FOUND
from notifier.handlers.list_timeline import list_timeline
from tests.integration.handling import deliver
from tests.integration.notifier.test_list_activity import NOON, TASK_ID, record

MANY = """
INSERT INTO activity (id, event_id, actor_id, action, resource_type, resource_id, task_id, changes, summary, created_at,
                      position, type, source, subject, sequence, data)
SELECT gen_random_uuid(), gen_random_uuid(), $1, 'updated', 'task', id, id, '{}', '', $2,
       1000 + n, '', '', '', 1, '{}'
  FROM (SELECT n, gen_random_uuid() AS id FROM generate_series(1, 2000) AS n) AS others
"""
WHOLE_TABLE = "SELECT seq_scan FROM pg_stat_xact_user_tables WHERE relname = 'activity'"


async def test_a_timeline_reads_what_is_of_its_task_alone(connection: PoolConnectionProxy, ada: Actor) -> None:
    """Pitfall F33"""
    await connection.execute("INSERT INTO task_audiences (task_id, version) VALUES ($1, 1)", TASK_ID)
    await connection.execute("INSERT INTO task_readers (task_id, user_id) VALUES ($1, $2)", TASK_ID, ada.id)
    entries = [await record(connection, ada, minute) for minute in range(3)]
    await connection.execute(MANY, uuid7(), NOON)
    before = await connection.fetchval(WHOLE_TABLE)
    page = await list_timeline(ListTimeline(task_id=TASK_ID, limit=2), deliver(connection, ada))
    rest = await list_timeline(ListTimeline(task_id=TASK_ID, limit=2, after=page.next), deliver(connection, ada))
    assert [*page.items, *rest.items] == entries
    assert rest.next is None
    assert await connection.fetchval(WHOLE_TABLE) == before


async def test_who_may_not_see_the_task_sees_no_timeline(connection: PoolConnectionProxy, ada: Actor) -> None:
    await record(connection, ada)
    with pytest.raises(Refusal) as refused:
        await list_timeline(ListTimeline(task_id=TASK_ID), deliver(connection, Actor(id=uuid7(), username="grace")))
    assert refused.value.problem.type == NOT_FOUND
