from chassis.errors import Refusal
from chassis.subscription import Answer, Delivery
from contracts.problems import NOT_FOUND, WEBHOOK_DISABLED
from contracts.webhooks import Redeliver
from notifier.owned_webhooks import lock_own
from notifier.store import deliveries


async def redeliver(command: Redeliver, delivery: Delivery) -> Answer:
    connection = delivery.connection
    webhook = await lock_own(connection, command.webhook_id, delivery)
    found = await deliveries.list_deliveries(connection, webhook.id, after=None, only=command.delivery_id, limit=1)
    if not found:
        raise Refusal(NOT_FOUND)
    if not webhook.enabled:
        raise Refusal(WEBHOOK_DISABLED)
    await deliveries.send_again(connection, [command.delivery_id])
    [again] = await deliveries.list_deliveries(connection, webhook.id, after=None, only=command.delivery_id, limit=1)
    return Answer(again)
