from datetime import timedelta

from asyncpg.pool import PoolConnectionProxy
from uuid_utils.compat import uuid7

from contracts.message import Actor
from contracts.notices import ActivityCounts, CountActivity
from notifier.handlers.count_activity import count_activity
from tests.integration.handling import deliver
from tests.integration.notifier.test_list_activity import NOON, record


async def test_what_a_person_did_is_counted(connection: PoolConnectionProxy, ada: Actor) -> None:
    """Pitfall F34"""
    await record(connection, ada, 0)
    await record(connection, ada, 1, action="updated")
    await record(connection, ada, 2, resource_type="comment")
    await record(connection, Actor(id=uuid7(), username="grace"), 2)
    assert await count_activity(CountActivity(), deliver(connection, ada)) == ActivityCounts(
        total_activities=3, by_action={"created": 2, "updated": 1}, by_resource={"task": 2, "comment": 1}
    )
    minute = NOON + timedelta(minutes=1)
    within = CountActivity(start=minute, end=minute + timedelta(seconds=1))
    assert (await count_activity(within, deliver(connection, ada))).by_action == {"updated": 1}
