from dataclasses import dataclass

from chassis.errors import Refusal
from chassis.subscription import Answer, Delivery
from contracts.problems import TOO_MANY_WEBHOOKS
from contracts.webhooks import CreateWebhook, Webhook, WebhookCreated
from notifier.owned_webhooks import actor_of, check_target, told
from notifier.store import webhooks
from notifier.webhook_targets import Targets

_AT_MOST = 20


@dataclass(frozen=True)
class CreateWebhookHandler:
    targets: Targets

    async def __call__(self, command: CreateWebhook, delivery: Delivery) -> Answer:
        connection, owner, new = delivery.connection, actor_of(delivery), command.webhook
        check_target(self.targets, new.url)
        if await webhooks.count_webhooks(connection, owner.id) >= _AT_MOST:
            raise Refusal(TOO_MANY_WEBHOOKS, f"at most {_AT_MOST}")
        at = await webhooks.read_clock(connection)
        webhook = Webhook(
            id=command.webhook_id,
            url=new.url,
            description=new.description,
            event_types=new.event_types,
            enabled=True,
            disabled_reason=None,
            secret_id=command.webhook_id,
            version=1,
            created_at=at,
            updated_at=at,
        )
        await webhooks.insert_webhook(connection, webhook, owner=owner, sealed_secret=command.sealed_secret)
        return Answer(webhook, told(WebhookCreated, webhook, actor=owner, owner=owner.id))
