from dataclasses import dataclass
from datetime import timedelta

from auth_worker import store
from auth_worker.passwords import Passwords
from auth_worker.signing_keys import SigningKeys
from auth_worker.tokens import access_token, refresh_token
from chassis.errors import Refusal
from chassis.sealing import OpeningKeys
from chassis.subscription import Answer, Delivery
from contracts.identity import PASSWORD_PURPOSE, LoggedIn, LogIn, LoginFailed, Tokens
from contracts.problems import INVALID_CREDENTIALS


@dataclass(frozen=True)
class LogInHandler:
    passwords: Passwords
    opening_keys: OpeningKeys
    signing_keys: SigningKeys
    issuer: str
    access_token_lifetime: timedelta
    session_lifetime: timedelta

    async def __call__(self, command: LogIn, delivery: Delivery) -> Answer:
        connection = delivery.connection
        password = self.opening_keys.open(command.sealed_password, purpose=PASSWORD_PURPOSE)
        account = await store.find_account_by_login(connection, command.login)
        if not await self.passwords.verify(password, account.password_hash if account else None) or account is None:
            failed = account and LoginFailed(
                user=account.person, session_id=command.session_id, changes={}, actor=None, audience=(account.id,)
            )
            raise Refusal(INVALID_CREDENTIALS, tells=[failed] if failed else [])

        if self.passwords.is_outdated(account.password_hash):
            await store.update_password_hash(connection, account.id, await self.passwords.hash(password))
        key = await self.signing_keys.current(connection)
        session = await store.insert_session(
            connection, session_id=command.session_id, account_id=account.id, lifetime=self.session_lifetime
        )
        return Answer(
            Tokens(
                access_token=access_token(
                    session, account.person, key=key, issuer=self.issuer, lifetime=self.access_token_lifetime
                ),
                expires_in=int(self.access_token_lifetime.total_seconds()),
                refresh_token=refresh_token(session, secret=self.opening_keys.derive("refresh tokens")[0]),
            ),
            LoggedIn(
                user=account.person, session_id=session.id, changes={}, actor=account.person, audience=(account.id,)
            ),
        )
