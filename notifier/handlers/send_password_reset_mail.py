from chassis.subscription import Answer, Delivery
from contracts.notices import SendPasswordResetMail
from notifier.store import mails


async def send_password_reset_mail(command: SendPasswordResetMail, delivery: Delivery) -> Answer:
    await mails.insert_mail(
        delivery.connection,
        mail_id=delivery.envelope.message_id,
        template="password_reset",
        recipient=command.email,
        content={"username": command.user.username, "sealed_token": command.sealed_token},
    )
    return Answer(None)
