"""Somebody closes his account: his tasks go, he leaves others', and his name stands nowhere."""

from datetime import UTC, datetime

from asyncpg.pool import PoolConnectionProxy
from uuid_utils.compat import uuid7

from chassis.cloudevents import CloudEvent
from contracts.message import Actor
from contracts.sharing import TaskUnshared
from contracts.tasks import TaskDeleted
from task_worker.closing import forget_people
from task_worker.duties import purge_deleted
from task_worker.handlers.follow_people import follow_people
from tests.integration.handling import deliver
from tests.integration.task_worker.conftest import CommentOn, Look, Make, ShareWith


async def test_what_is_left_of_a_closed_account(
    connection: PoolConnectionProxy,
    ada: Actor,
    grace: Actor,
    make: Make,
    share: ShareWith,
    comment: CommentOn,
    look: Look,
) -> None:
    kept = await make()
    await make(by=grace)
    await share(kept, grace, "edit")
    await comment(kept, grace)
    event = CloudEvent(
        id=uuid7(),
        type="auth.user_deleted.v1",
        subject=f"user/{grace.id}",
        time=datetime.now(UTC),
        sequence=2,
        data={"user": {"id": str(grace.id), "username": "grace"}},
        body="",
    )
    await follow_people(event, deliver(connection, None))

    told = []
    while (done := await forget_people(deliver(connection, None))).count:
        told += [type(event) for event in done.tells]
    assert told == [TaskDeleted, TaskUnshared]
    await purge_deleted(deliver(connection, None))
    assert [row["id"] for row in await connection.fetch("SELECT id FROM tasks")] == [kept.id]
    assert (await look(kept, ada)).share_count == 0
    assert await connection.fetchval("SELECT author_username FROM comments") == "deleted"
    assert await connection.fetchval("SELECT count(*) FROM counts WHERE person_id = $1", grace.id) == 0
