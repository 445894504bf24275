"""Who may send what, when several senders look for work and one receiver has all of it."""

from collections import Counter
from datetime import timedelta
from uuid import UUID

from asyncpg.pool import PoolConnectionProxy
from uuid_utils.compat import uuid7

from notifier.store import deliveries

LEASE = timedelta(seconds=60)


async def webhook(connection: PoolConnectionProxy, *, due: int, enabled: bool = True) -> UUID:
    webhook_id = uuid7()
    await connection.execute(
        """
        INSERT INTO webhooks (id, owner_id, owner_username, url, description, event_types, event_patterns, enabled,
                              secret_id, sealed_secret, version, created_at, updated_at)
        VALUES ($1, $1, 'ada', 'https://example.org/', '', '{*}', '{%}', $2, $1, 'sealed', 1, now(), now())
        """,
        webhook_id,
        enabled,
    )
    for _ in range(due):
        await deliveries.insert_deliveries(
            connection, [webhook_id], event_id=uuid7(), event_type="tasks.task_created.v1", body="{}"
        )
    return webhook_id


async def lease(connection: PoolConnectionProxy, limit: int = 20) -> Counter[UUID]:
    found = await deliveries.lease_due(connection, lease=LEASE, limit=limit, per_webhook=2)
    return Counter(due.webhook_id for due in found)


async def test_one_receiver_has_a_tenth_of_the_senders_at_most(connection: PoolConnectionProxy) -> None:
    greedy, modest = await webhook(connection, due=50), await webhook(connection, due=3)
    await webhook(connection, due=1, enabled=False)
    assert await lease(connection) == {greedy: 2, modest: 2}
    assert await lease(connection) == {}, "what is under way counts, whoever sends it"


async def test_what_nobody_finished_is_due_again(connection: PoolConnectionProxy) -> None:
    dead = await webhook(connection, due=1)
    assert await lease(connection) == {dead: 1}
    await connection.execute("UPDATE webhook_deliveries SET leased_until = now() - interval '1 second'")
    [again] = await deliveries.lease_due(connection, lease=LEASE, limit=1, per_webhook=2)
    assert again.attempts == 2


async def test_an_event_is_delivered_to_a_webhook_once(connection: PoolConnectionProxy) -> None:
    webhook_id, event_id = await webhook(connection, due=0), uuid7()
    for _ in range(3):
        await deliveries.insert_deliveries(
            connection, [webhook_id], event_id=event_id, event_type="tasks.task_created.v1", body="{}"
        )
    assert await connection.fetchval("SELECT count(*) FROM webhook_deliveries") == 1
