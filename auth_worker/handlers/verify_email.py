from dataclasses import replace

from auth_worker.store import accounts, mailed_tokens, sessions
from chassis.errors import Refusal
from chassis.subscription import Answer, Delivery
from contracts.problems import INVALID_OR_EXPIRED_TOKEN
from contracts.profile import EmailVerified, VerifyEmail


async def verify_email(command: VerifyEmail, delivery: Delivery) -> Answer:
    """The token is enough: whoever holds it reads the mail of the address that it was sent to."""
    connection = delivery.connection
    used = await mailed_tokens.use_email_verification(connection, bytes.fromhex(command.token_sha))
    account = used and await accounts.lock_account(connection, used[0])
    if not used or not account or account.email != used[1]:
        raise Refusal(INVALID_OR_EXPIRED_TOKEN)
    if account.email_verified_at is not None:
        return Answer(None)
    verified = replace(account, email_verified_at=await sessions.read_clock(connection), version=account.version + 1)
    await accounts.save_account(connection, verified)
    return Answer(
        None,
        EmailVerified(
            user=account.person,
            version=verified.version,
            changes={"email_verified": {"old": False, "new": True}},
            actor=account.person,
            audience=(account.id,),
        ),
    )
