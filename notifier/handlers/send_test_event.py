from chassis.cloudevents import CloudEvent, structured
from chassis.errors import Refusal
from chassis.subscription import Answer, Delivery
from contracts.problems import WEBHOOK_DISABLED
from contracts.webhooks import SendTestEvent
from notifier.owned_webhooks import lock_own
from notifier.store import deliveries, webhooks

_TYPE = "notifier.webhook_test.v1"


async def send_test_event(command: SendTestEvent, delivery: Delivery) -> Answer:
    """Sends what no subscription has: a test, to this webhook alone."""
    connection = delivery.connection
    webhook = await lock_own(connection, command.webhook_id, delivery)
    if not webhook.enabled:
        raise Refusal(WEBHOOK_DISABLED)
    event = CloudEvent(
        id=command.delivery_id,
        type=_TYPE,
        subject=f"webhook/{webhook.id}",
        time=await webhooks.read_clock(connection),
        sequence=webhook.version,
        data={},
        body=f'{{"webhook":{{"id":"{webhook.id}"}}}}',
        source="/taskmesh/notifier",
    )
    await deliveries.insert_delivery(
        connection, command.delivery_id, webhook.id, event_type=_TYPE, body=structured(event)
    )
    [made] = await deliveries.list_deliveries(connection, webhook.id, after=None, only=command.delivery_id, limit=1)
    return Answer(made)
