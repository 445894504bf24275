from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from chassis.sealing import OpeningKeys
from chassis.subscription import CommandSubscription, EventSubscription, QuerySubscription
from chassis.topology import ACTIVITY, PARKED
from chassis.worker import Subscriptions, Worker, open_worker
from contracts.feed import FindHead, ListEvents, ReadFeed, RedeemTicket
from contracts.notices import CountActivity, ListActivity, ListTimeline, SendVerificationMail
from notifier.announcer import Announcer
from notifier.dead_letters import DeadLetters
from notifier.handlers.count_activity import count_activity
from notifier.handlers.find_head import find_head
from notifier.handlers.list_activity import list_activity
from notifier.handlers.list_events import list_events
from notifier.handlers.list_timeline import list_timeline
from notifier.handlers.read_feed import read_feed
from notifier.handlers.record_activity import record_activity
from notifier.handlers.redeem_ticket import redeem_ticket
from notifier.handlers.send_verification_mail import send_verification_mail
from notifier.mail import MailWriter
from notifier.mailer import Mailer
from notifier.settings import Settings
from notifier.sweeper import Sweeper

_EVENTS_TOGETHER = 100


def subscriptions(*, recorded: Callable[[], None]) -> Subscriptions:
    """`recorded` is called whenever the feed has grown."""
    return Subscriptions(
        commands=(
            CommandSubscription(SendVerificationMail, send_verification_mail),
            CommandSubscription(RedeemTicket, redeem_ticket),
        ),
        queries=(
            QuerySubscription(ListActivity, list_activity),
            QuerySubscription(ListTimeline, list_timeline),
            QuerySubscription(CountActivity, count_activity),
            QuerySubscription(ListEvents, list_events),
            QuerySubscription(FindHead, find_head),
            QuerySubscription(ReadFeed, read_feed),
        ),
        events=(EventSubscription(ACTIVITY.name, record_activity, in_order=True, committed=recorded),),
        prefetch={ACTIVITY.name: _EVENTS_TOGETHER},
    )


@asynccontextmanager
async def build(settings: Settings) -> AsyncIterator[Worker]:
    writer = MailWriter(
        sender=settings.mail_from,
        public_url=settings.public_url,
        opening_keys=OpeningKeys(*settings.sealing_keys.get_secret_value().split(",")),
    )
    async with open_worker("notifier", settings) as worker:
        announcer = Announcer(worker.database, worker.broker)
        worker.start(subscriptions(recorded=announcer.wake))
        worker.broker.consume(PARKED.name, DeadLetters(worker.database).receive, prefetch=10)
        worker.start_background(announcer.keep())
        worker.start_background(Sweeper(worker.database, feed_kept=settings.feed_kept).keep())
        worker.start_background(Mailer(settings.smtp_url.get_secret_value(), writer, worker.database).keep())
        yield worker
