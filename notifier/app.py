from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chassis.sealing import OpeningKeys
from chassis.subscription import CommandSubscription, EventSubscription, QuerySubscription
from chassis.topology import ACTIVITY, PARKED
from chassis.worker import Subscriptions, Worker, open_worker
from contracts.notices import ListActivity, SendPasswordResetMail, SendSecurityNotice, SendVerificationMail
from notifier.dead_letters import DeadLetters
from notifier.handlers.list_activity import list_activity
from notifier.handlers.record_activity import record_activity
from notifier.handlers.send_password_reset_mail import send_password_reset_mail
from notifier.handlers.send_security_notice import send_security_notice
from notifier.handlers.send_verification_mail import send_verification_mail
from notifier.mail import MailWriter
from notifier.mailer import Mailer
from notifier.settings import Settings

SUBSCRIPTIONS = Subscriptions(
    commands=(
        CommandSubscription(SendVerificationMail, send_verification_mail),
        CommandSubscription(SendPasswordResetMail, send_password_reset_mail),
        CommandSubscription(SendSecurityNotice, send_security_notice),
    ),
    queries=(QuerySubscription(ListActivity, list_activity),),
    events=(EventSubscription(ACTIVITY.name, record_activity),),
)


@asynccontextmanager
async def build(settings: Settings) -> AsyncIterator[Worker]:
    writer = MailWriter(
        sender=settings.mail_from,
        public_url=settings.public_url,
        opening_keys=OpeningKeys(*settings.sealing_keys.get_secret_value().split(",")),
    )
    async with open_worker("notifier", settings) as worker:
        worker.start(SUBSCRIPTIONS)
        worker.broker.consume(PARKED.name, DeadLetters(worker.database).receive, prefetch=10)
        worker.start_background(Mailer(settings.smtp_url.get_secret_value(), writer, worker.database).keep())
        yield worker
