from datetime import timedelta

from chassis.subscription import Answer, Delivery
from contracts.webhooks import RotateSecret, WebhookUpdated
from notifier.owned_webhooks import actor_of, changed, lock_own, told
from notifier.store import webhooks


async def rotate_secret(command: RotateSecret, delivery: Delivery) -> Answer:
    """Both secrets sign until the grace is over, so that a receiver may change his in the meantime."""
    connection, actor = delivery.connection, actor_of(delivery)
    before = await lock_own(connection, command.webhook_id, delivery)
    at = await webhooks.read_clock(connection)
    webhook = changed(before, at=at, secret_id=command.secret_id)
    await webhooks.replace_secret(
        connection, webhook, sealed_secret=command.sealed_secret, grace=timedelta(hours=command.grace_hours)
    )
    changes = {"secret_id": {"old": before.secret_id, "new": webhook.secret_id}}
    return Answer(webhook, told(WebhookUpdated, webhook, actor=actor, owner=actor.id, changes=changes))
