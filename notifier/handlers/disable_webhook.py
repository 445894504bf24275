from chassis.subscription import Answer, Delivery
from contracts.webhooks import DisableWebhook, WebhookDisabled
from notifier.owned_webhooks import changed, told
from notifier.store import webhooks


async def disable_webhook(command: DisableWebhook, delivery: Delivery) -> Answer:
    found = await webhooks.lock_webhook(delivery.connection, command.webhook_id)
    if found is None or not found.webhook.enabled:
        return Answer(None)
    at = await webhooks.read_clock(delivery.connection)
    webhook = changed(found.webhook, at=at, enabled=False, disabled_reason=command.reason)
    await webhooks.save_webhook(delivery.connection, webhook)
    changes = {"enabled": {"old": True, "new": False}}
    return Answer(None, told(WebhookDisabled, webhook, actor=None, owner=found.owner.id, changes=changes))
