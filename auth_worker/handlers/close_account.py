from dataclasses import dataclass

from auth_worker.callers import Reauthentication
from auth_worker.endings import end_sessions, notice, revoke_api_tokens
from auth_worker.store import accounts, mailed_tokens, sessions
from chassis import erasure
from chassis.subscription import Answer, Delivery
from contracts.profile import CloseAccount, UserDeleted


@dataclass(frozen=True)
class CloseAccountHandler:
    reauthenticate: Reauthentication

    async def __call__(self, command: CloseAccount, delivery: Delivery) -> Answer:
        """Whoever keeps something of this person hears of it by the event, which names him for the last time."""
        connection = delivery.connection
        account = await self.reauthenticate(delivery, command.sealed_password)
        ended = await end_sessions(connection, account.person, reason="account_closed", actor=account.person)
        revoked = await revoke_api_tokens(connection, account.person)
        await mailed_tokens.forget_email_verifications(connection, account.id)
        await mailed_tokens.forget_password_resets(connection, account.id)
        await sessions.forget_origins(connection, account.id)
        await accounts.erase_account(connection, account.id)
        await erasure.ask(connection, account.id)
        deleted = UserDeleted(
            user=account.person,
            version=account.version + 1,
            changes={},
            actor=account.person,
            audience=(account.id,),
        )
        return Answer(None, *ended, *revoked, deleted, notice(account, "account_closed"))
