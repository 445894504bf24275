from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from chassis.erasure import Eraser
from chassis.requests import Requests
from chassis.sealing import OpeningKeys
from chassis.subscription import BatchSubscription, CommandSubscription, QuerySubscription
from chassis.topology import ACTIVITY, NOTIFICATIONS, PARKED
from chassis.version import VERSION
from chassis.worker import Subscriptions, Worker, open_worker
from contracts.feed import FeedEvent, FindHead, ListEvents, ReadFeed, RedeemTicket
from contracts.notices import (
    CountActivity,
    ListActivity,
    ListTimeline,
    SendPasswordResetMail,
    SendSecurityNotice,
    SendVerificationMail,
)
from contracts.notifications import (
    CountUnread,
    GetPreferences,
    ListNotifications,
    MarkAllRead,
    MarkRead,
    UpdatePreferences,
)
from contracts.webhooks import (
    CreateWebhook,
    DeleteWebhook,
    DisableWebhook,
    GetWebhook,
    ListDeliveries,
    ListWebhooks,
    RecoverWebhook,
    Redeliver,
    RotateSecret,
    SendTestEvent,
    UpdateWebhook,
)
from notifier.addresses import Addresses
from notifier.announcer import Announcer
from notifier.dead_letters import DeadLetters
from notifier.forgetting import erase_activity
from notifier.handlers.count_activity import count_activity
from notifier.handlers.count_unread import count_unread
from notifier.handlers.create_webhook import CreateWebhookHandler
from notifier.handlers.delete_webhook import delete_webhook
from notifier.handlers.disable_webhook import disable_webhook
from notifier.handlers.find_head import find_head
from notifier.handlers.get_preferences import get_preferences
from notifier.handlers.get_webhook import get_webhook
from notifier.handlers.list_activity import list_activity
from notifier.handlers.list_deliveries import list_deliveries
from notifier.handlers.list_events import list_events
from notifier.handlers.list_notifications import list_notifications
from notifier.handlers.list_timeline import list_timeline
from notifier.handlers.list_webhooks import list_webhooks
from notifier.handlers.mark_all_read import mark_all_read
from notifier.handlers.mark_read import mark_read
from notifier.handlers.notify import notify, of_concern
from notifier.handlers.read_feed import read_feed
from notifier.handlers.record_activity import record_activity
from notifier.handlers.recover_webhook import recover_webhook
from notifier.handlers.redeem_ticket import redeem_ticket
from notifier.handlers.redeliver import redeliver
from notifier.handlers.rotate_secret import rotate_secret
from notifier.handlers.send_password_reset_mail import send_password_reset_mail
from notifier.handlers.send_security_notice import send_security_notice
from notifier.handlers.send_test_event import send_test_event
from notifier.handlers.send_verification_mail import send_verification_mail
from notifier.handlers.update_preferences import update_preferences
from notifier.handlers.update_webhook import UpdateWebhookHandler
from notifier.mail import MailWriter
from notifier.mailer import Mailer
from notifier.sealer import Sealer
from notifier.settings import Settings
from notifier.sweeper import Sweeper
from notifier.webhook_sender import Sender
from notifier.webhook_targets import Targets, parse_networks

_EVENTS_TOGETHER = 100


def subscriptions(
    *, allowed_networks: Sequence[str], recorded: Callable[[Sequence[FeedEvent]], None], due: Callable[[], None]
) -> Subscriptions:
    """`recorded` is told what the feed has grown by, `due` is called whenever there may be something to send."""
    targets = Targets(parse_networks(allowed_networks))
    return Subscriptions(
        commands=(
            CommandSubscription(SendVerificationMail, send_verification_mail),
            CommandSubscription(SendPasswordResetMail, send_password_reset_mail),
            CommandSubscription(SendSecurityNotice, send_security_notice),
            CommandSubscription(RedeemTicket, redeem_ticket),
            CommandSubscription(CreateWebhook, CreateWebhookHandler(targets)),
            CommandSubscription(UpdateWebhook, UpdateWebhookHandler(targets)),
            CommandSubscription(DeleteWebhook, delete_webhook),
            CommandSubscription(RotateSecret, rotate_secret),
            CommandSubscription(SendTestEvent, send_test_event),
            CommandSubscription(Redeliver, redeliver),
            CommandSubscription(RecoverWebhook, recover_webhook),
            CommandSubscription(DisableWebhook, disable_webhook),
            CommandSubscription(UpdatePreferences, update_preferences),
            CommandSubscription(MarkRead, mark_read),
            CommandSubscription(MarkAllRead, mark_all_read),
        ),
        queries=(
            QuerySubscription(ListActivity, list_activity),
            QuerySubscription(ListTimeline, list_timeline),
            QuerySubscription(CountActivity, count_activity),
            QuerySubscription(ListEvents, list_events),
            QuerySubscription(FindHead, find_head),
            QuerySubscription(ReadFeed, read_feed),
            QuerySubscription(GetWebhook, get_webhook),
            QuerySubscription(ListWebhooks, list_webhooks),
            QuerySubscription(ListDeliveries, list_deliveries),
            QuerySubscription(GetPreferences, get_preferences),
            QuerySubscription(ListNotifications, list_notifications),
            QuerySubscription(CountUnread, count_unread),
        ),
        event_batches=(
            BatchSubscription(ACTIVITY.name, record_activity, committed=recorded, takes_in_itself=True),
            BatchSubscription(NOTIFICATIONS.name, notify, committed=lambda _: due(), of_concern=of_concern),
        ),
        prefetch=dict.fromkeys((ACTIVITY.name, NOTIFICATIONS.name), _EVENTS_TOGETHER),
    )


@asynccontextmanager
async def build(settings: Settings) -> AsyncIterator[Worker]:
    opening_keys = OpeningKeys(*settings.sealing_keys.get_secret_value().split(","))
    targets = Targets(parse_networks(settings.webhook_allowed_networks))
    writer = MailWriter(sender=settings.mail_from, public_url=settings.public_url, opening_keys=opening_keys)
    async with open_worker("notifier", settings) as worker:
        announcer = Announcer(worker.database, worker.broker)
        sender = Sender(worker.database, opening_keys, targets, user_agent=f"Taskmesh/{VERSION}")
        worker.start(
            subscriptions(allowed_networks=settings.webhook_allowed_networks, recorded=announcer.tell, due=sender.wake)
        )
        worker.broker.consume(PARKED.name, DeadLetters(worker.database).receive, prefetch=10)
        worker.start_background(announcer.keep())
        worker.start_background(Eraser(worker.database, erase_activity).keep())
        worker.start_background(Sealer(worker.database, every=settings.seal_every).keep())
        worker.start_background(sender.keep())
        worker.start_background(Sweeper(worker.database, feed_kept=settings.feed_kept).keep())
        addresses = Addresses(Requests(worker.broker, max_pending=100, max_pending_per_user=None))
        mailer = Mailer(settings.smtp_url.get_secret_value(), writer, worker.database, addresses)
        worker.start_background(mailer.keep())
        yield worker
