from dataclasses import dataclass
from datetime import timedelta

from asyncpg.pool import PoolConnectionProxy

from auth_worker.account import Account
from auth_worker.callers import require_time
from auth_worker.issuer import Issuer
from auth_worker.passwords import Passwords
from auth_worker.store import accounts, sessions
from chassis.errors import Refusal
from chassis.sealing import OpeningKeys
from chassis.subscription import Answer, Delivery
from contracts.identity import PASSWORD_PURPOSE, LoggedIn, LogIn, LoginFailed
from contracts.problems import INVALID_CREDENTIALS


@dataclass(frozen=True)
class LogInHandler:
    passwords: Passwords
    opening_keys: OpeningKeys
    issuer: Issuer
    session_lifetime: timedelta

    async def __call__(self, command: LogIn, delivery: Delivery) -> Answer:
        require_time(delivery)
        connection = delivery.connection
        password = self.opening_keys.open(command.sealed_password, purpose=PASSWORD_PURPOSE)
        account = await accounts.find_account_by_login(connection, command.login)
        if not await self.passwords.verify(password, account.password_hash if account else None) or account is None:
            failed = account and LoginFailed(
                user=account.person, session_id=command.session_id, changes={}, actor=None, audience=(account.id,)
            )
            raise Refusal(INVALID_CREDENTIALS, tells=[failed] if failed else [])

        renewed = None
        if self.passwords.is_outdated(account.password_hash):
            renewed = await self.passwords.hash(password)
        await self._require_still(connection, account, password)
        if renewed is not None:
            await accounts.update_password_hash(connection, account.id, renewed)
        session = await sessions.insert_session(
            connection,
            session_id=command.session_id,
            account_id=account.id,
            lifetime=self.session_lifetime,
            user_agent=command.user_agent,
            address=command.address,
        )
        return Answer(
            await self.issuer.issue(connection, session, account.person),
            LoggedIn(
                user=account.person, session_id=session.id, changes={}, actor=account.person, audience=(account.id,)
            ),
        )

    async def _require_still(self, connection: PoolConnectionProxy, account: Account, password: str) -> None:
        """A session that is opened while the password is being changed would outlive the end of all sessions."""
        current = await accounts.lock_account(connection, account.id)
        if current is None:
            raise Refusal(INVALID_CREDENTIALS)
        if current.password_hash != account.password_hash and not await self.passwords.verify(
            password, current.password_hash
        ):
            raise Refusal(INVALID_CREDENTIALS)
