from chassis.subscription import Delivery
from contracts.pages import IdPosition
from contracts.webhooks import ListWebhooks, WebhookPage
from notifier.store import webhooks


async def list_webhooks(query: ListWebhooks, delivery: Delivery) -> WebhookPage:
    found = await webhooks.list_webhooks(
        delivery.connection,
        delivery.actor_id,
        after=query.after.id if query.after else None,
        limit=query.limit + 1,
    )
    page, more = found[: query.limit], len(found) > query.limit
    return WebhookPage(items=tuple(page), next=IdPosition(id=page[-1].id) if more else None)
