from dataclasses import dataclass
from typing import Any

from chassis.subscription import Answer, Delivery
from contracts.webhooks import UpdateWebhook, WebhookUpdated
from notifier.owned_webhooks import actor_of, changed, check_target, lock_own, told
from notifier.store import webhooks
from notifier.webhook_targets import Targets


@dataclass(frozen=True)
class UpdateWebhookHandler:
    targets: Targets

    async def __call__(self, command: UpdateWebhook, delivery: Delivery) -> Answer:
        connection = delivery.connection
        before = await lock_own(connection, command.webhook_id, delivery, command.if_match)
        values: dict[str, Any] = {name: getattr(command.patch, name) for name in command.patch.model_fields_set}
        if "url" in values:
            check_target(self.targets, values["url"])
        if "enabled" in values and values["enabled"] != before.enabled:
            values["disabled_reason"] = None if values["enabled"] else "owner"
        changes = {
            name: {"old": getattr(before, name), "new": value}
            for name, value in values.items()
            if value != getattr(before, name)
        }
        if not changes:
            return Answer(before)
        webhook = changed(before, at=await webhooks.read_clock(connection), **values)
        await webhooks.save_webhook(connection, webhook)
        actor = actor_of(delivery)
        return Answer(webhook, told(WebhookUpdated, webhook, actor=actor, owner=actor.id, changes=changes))
