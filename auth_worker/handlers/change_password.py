from dataclasses import dataclass, replace

from auth_worker.callers import Reauthentication
from auth_worker.endings import end_sessions, notice
from auth_worker.new_password import require_good_enough
from auth_worker.password_policy import Policy
from auth_worker.store import accounts, mailed_tokens
from chassis.errors import Refusal
from chassis.subscription import Answer, Delivery
from contracts.identity import PASSWORD_PURPOSE
from contracts.passwords import ChangePassword, PasswordChanged
from contracts.problems import INVALID_TOKEN


@dataclass(frozen=True)
class ChangePasswordHandler:
    reauthenticate: Reauthentication
    policy: Policy

    async def __call__(self, command: ChangePassword, delivery: Delivery) -> Answer:
        connection, passwords = delivery.connection, self.reauthenticate.passwords
        if delivery.actor.session_id is None:
            raise Refusal(INVALID_TOKEN)
        new = self.reauthenticate.opening_keys.open(command.sealed_new_password, purpose=PASSWORD_PURPOSE)
        account = await self.reauthenticate(delivery, command.sealed_current_password)
        await require_good_enough(
            new, policy=self.policy, username=account.username, email=account.email, pointer="#/new_password"
        )
        changed = replace(account, password_hash=await passwords.hash(new), version=account.version + 1)
        await accounts.save_account(connection, changed)
        await mailed_tokens.forget_password_resets(connection, account.id)
        ended = await end_sessions(
            connection,
            account.person,
            reason="password_changed",
            actor=account.person,
            but=delivery.actor.session_id,
        )
        return Answer(
            None,
            PasswordChanged(
                user=account.person, version=changed.version, changes={}, actor=account.person, audience=(account.id,)
            ),
            *ended,
            notice(account, "password_changed"),
        )
