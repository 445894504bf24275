from dataclasses import dataclass
from datetime import timedelta

from auth_worker.mailed_token import MailedToken
from auth_worker.store import accounts, mailed_tokens
from chassis.sealing import SealingKey
from chassis.subscription import Answer, Delivery
from contracts.notices import RESET_PURPOSE, SendPasswordResetMail
from contracts.passwords import PasswordResetRequested, RequestPasswordReset

_LIFETIME = timedelta(minutes=30)


@dataclass(frozen=True)
class RequestPasswordResetHandler:
    notifier_key: SealingKey

    async def __call__(self, command: RequestPasswordReset, delivery: Delivery) -> Answer:
        account = await accounts.find_account_by_login(delivery.connection, command.email)
        if account is None:
            return Answer(None)
        token = MailedToken.make()
        await mailed_tokens.insert_password_reset(
            delivery.connection, account_id=account.id, token_sha=token.digest, lifetime=_LIFETIME
        )
        return Answer(
            None,
            PasswordResetRequested(
                user=account.person, reset_id=command.reset_id, changes={}, actor=None, audience=(account.id,)
            ),
            SendPasswordResetMail(
                user=account.person,
                email=account.email,
                sealed_token=self.notifier_key.seal(token.text, purpose=RESET_PURPOSE),
            ),
        )
