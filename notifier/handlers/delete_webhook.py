from chassis.subscription import Answer, Delivery
from contracts.webhooks import DeleteWebhook, WebhookDeleted
from notifier.owned_webhooks import actor_of, changed, lock_own, told
from notifier.store import webhooks


async def delete_webhook(command: DeleteWebhook, delivery: Delivery) -> Answer:
    connection, actor = delivery.connection, actor_of(delivery)
    before = await lock_own(connection, command.webhook_id, delivery, command.if_match)
    await webhooks.delete_webhook(connection, before.id)
    last = changed(before, at=await webhooks.read_clock(connection))
    return Answer(None, told(WebhookDeleted, last, actor=actor, owner=actor.id))
