from dataclasses import dataclass

from auth_worker.callers import lock_caller
from auth_worker.verification import start_verification
from chassis.errors import Refusal
from chassis.sealing import SealingKey
from chassis.subscription import Answer, Delivery
from contracts.problems import EMAIL_ALREADY_VERIFIED
from contracts.profile import SendVerification


@dataclass(frozen=True)
class SendVerificationHandler:
    notifier_key: SealingKey

    async def __call__(self, _: SendVerification, delivery: Delivery) -> Answer:
        account = await lock_caller(delivery)
        if account.email_verified_at is not None:
            raise Refusal(EMAIL_ALREADY_VERIFIED)
        return Answer(None, await start_verification(delivery.connection, account, notifier_key=self.notifier_key))
