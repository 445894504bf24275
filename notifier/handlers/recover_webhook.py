from chassis.errors import Refusal
from chassis.subscription import Answer, Delivery
from contracts.problems import WEBHOOK_DISABLED
from contracts.webhooks import Recovered, RecoverWebhook
from notifier.owned_webhooks import lock_own
from notifier.store import deliveries, feed
from notifier.store.webhooks import like

_AT_ONCE = 500


async def recover_webhook(command: RecoverWebhook, delivery: Delivery) -> Answer:
    """What was given up, and what happened while the webhook was disabled."""
    connection = delivery.connection
    webhook = await lock_own(connection, command.webhook_id, delivery)
    if not webhook.enabled:
        raise Refusal(WEBHOOK_DISABLED)
    again = await deliveries.send_exhausted_again(connection, webhook.id, since=command.since)
    missed = await deliveries.list_missed_positions(
        connection,
        webhook.id,
        owner_id=delivery.actor_id,
        patterns=like(webhook.event_types),
        since=command.since,
        limit=_AT_ONCE + 1,
    )
    for event in await feed.list_events_at(connection, missed[:_AT_ONCE]):
        await deliveries.insert_deliveries(
            connection, [webhook.id], event_id=event.id, event_type=event.type, body=event.text
        )
    count = again + min(len(missed), _AT_ONCE)
    return Answer(Recovered(count=count, has_more=len(missed) > _AT_ONCE))
