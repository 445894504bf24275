from datetime import timedelta

from asyncpg.pool import PoolConnectionProxy

from auth_worker.account import Account
from auth_worker.mailed_token import MailedToken
from auth_worker.store import mailed_tokens
from chassis.sealing import SealingKey
from contracts.notices import VERIFICATION_PURPOSE, SendVerificationMail

_LIFETIME = timedelta(hours=24)


async def start_verification(
    connection: PoolConnectionProxy, account: Account, *, notifier_key: SealingKey
) -> SendVerificationMail:
    """The mail to send. Tokens of earlier mails are good for nothing any more."""
    token = MailedToken.make()
    await mailed_tokens.forget_email_verifications(connection, account.id)
    await mailed_tokens.insert_email_verification(
        connection, account_id=account.id, email=account.email, token_sha=token.digest, lifetime=_LIFETIME
    )
    return SendVerificationMail(
        user=account.person,
        email=account.email,
        sealed_token=notifier_key.seal(token.text, purpose=VERIFICATION_PURPOSE),
    )
