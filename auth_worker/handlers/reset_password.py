from dataclasses import dataclass, replace

from auth_worker.endings import end_sessions, notice
from auth_worker.new_password import require_good_enough
from auth_worker.password_policy import Policy
from auth_worker.passwords import Passwords
from auth_worker.store import accounts, mailed_tokens
from chassis.errors import Refusal
from chassis.sealing import OpeningKeys
from chassis.subscription import Answer, Delivery
from contracts.identity import PASSWORD_PURPOSE
from contracts.passwords import PasswordReset, ResetPassword
from contracts.problems import INVALID_OR_EXPIRED_TOKEN


@dataclass(frozen=True)
class ResetPasswordHandler:
    passwords: Passwords
    policy: Policy
    opening_keys: OpeningKeys

    async def __call__(self, command: ResetPassword, delivery: Delivery) -> Answer:
        """A password that is not good enough leaves the token good for another try."""
        connection, token_sha = delivery.connection, bytes.fromhex(command.token_sha)
        password = self.opening_keys.open(command.sealed_new_password, purpose=PASSWORD_PURPOSE)
        account_id = await mailed_tokens.find_password_reset(connection, token_sha)
        account = account_id and await accounts.lock_account(connection, account_id)
        if not account:
            raise Refusal(INVALID_OR_EXPIRED_TOKEN)
        await require_good_enough(
            password, policy=self.policy, username=account.username, email=account.email, pointer="#/new_password"
        )
        if not await mailed_tokens.use_password_reset(connection, token_sha):
            raise Refusal(INVALID_OR_EXPIRED_TOKEN)
        changed = replace(account, password_hash=await self.passwords.hash(password), version=account.version + 1)
        await accounts.save_account(connection, changed)
        await mailed_tokens.forget_password_resets(connection, account.id)
        ended = await end_sessions(connection, account.person, reason="password_reset", actor=None)
        return Answer(
            None,
            PasswordReset(user=account.person, version=changed.version, changes={}, actor=None, audience=(account.id,)),
            *ended,
            notice(account, "password_was_reset"),
        )
