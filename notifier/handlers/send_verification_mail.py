from chassis.subscription import Answer, Delivery
from contracts.notices import SendVerificationMail
from notifier.store import mails


async def send_verification_mail(command: SendVerificationMail, delivery: Delivery) -> Answer:
    await mails.insert_mail(
        delivery.connection,
        mail_id=delivery.envelope.message_id,
        template="verification",
        recipient=command.email,
        content={"username": command.user.username, "sealed_token": command.sealed_token},
    )
    return Answer(None)
