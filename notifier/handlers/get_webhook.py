from chassis.errors import Refusal
from chassis.subscription import Delivery
from contracts.problems import NOT_FOUND
from contracts.webhooks import GetWebhook, Webhook
from notifier.store import webhooks


async def get_webhook(query: GetWebhook, delivery: Delivery) -> Webhook:
    webhook = await webhooks.find_webhook(delivery.connection, query.webhook_id, owner_id=delivery.actor_id)
    if webhook is None:
        raise Refusal(NOT_FOUND)
    return webhook
