from chassis.subscription import Answer, Delivery
from contracts.notices import SendSecurityNotice
from notifier.store import mails


async def send_security_notice(command: SendSecurityNotice, delivery: Delivery) -> Answer:
    await mails.insert_mail(
        delivery.connection,
        mail_id=delivery.envelope.message_id,
        template="security_notice",
        recipient=command.email,
        content={"username": command.user.username, "notice": command.notice},
    )
    return Answer(None)
