import asyncio
import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta

from asyncpg.pool import PoolConnectionProxy

from auth_worker import store
from auth_worker.password_policy import Policy, weaknesses
from auth_worker.passwords import Passwords
from chassis.errors import Refusal
from chassis.sealing import OpeningKeys, SealingKey
from chassis.subscription import Answer, Delivery
from contracts.identity import PASSWORD_PURPOSE, RegisterAccount, UserRegistered
from contracts.notices import VERIFICATION_PURPOSE, SendVerificationMail
from contracts.problems import EMAIL_TAKEN, USERNAME_TAKEN, VALIDATION_FAILED

_VERIFICATION_LIFETIME = timedelta(hours=24)


@dataclass(frozen=True)
class RegisterAccountHandler:
    passwords: Passwords
    policy: Policy
    opening_keys: OpeningKeys
    notifier_key: SealingKey

    async def __call__(self, command: RegisterAccount, delivery: Delivery) -> Answer:
        connection = delivery.connection
        password = self.opening_keys.open(command.sealed_password, purpose=PASSWORD_PURPOSE)
        await self._require_good_enough(password, command)
        await _require_free(connection, command)

        account = await store.insert_account(
            connection,
            account_id=command.user_id,
            username=command.username,
            email=command.email,
            password_hash=await self.passwords.hash(password),
        )
        if account is None:
            await _require_free(connection, command)
            raise Refusal(USERNAME_TAKEN)
        token = secrets.token_urlsafe(32)
        await store.insert_email_verification(
            connection,
            account_id=account.id,
            email=account.email,
            token_sha=hashlib.sha256(token.encode()).digest(),
            lifetime=_VERIFICATION_LIFETIME,
        )
        return Answer(
            account.view(),
            UserRegistered(
                user=account.person, version=account.version, changes={}, actor=account.person, audience=(account.id,)
            ),
            SendVerificationMail(
                user=account.person,
                email=account.email,
                sealed_token=self.notifier_key.seal(token, purpose=VERIFICATION_PURPOSE),
            ),
        )

    async def _require_good_enough(self, password: str, command: RegisterAccount) -> None:
        # In a thread, because rating a long password takes tens of milliseconds.
        errors = await asyncio.to_thread(
            weaknesses, password, policy=self.policy, username=command.username, email=command.email
        )
        if errors:
            raise Refusal(VALIDATION_FAILED, "the password is not good enough", errors=errors)


async def _require_free(connection: PoolConnectionProxy, command: RegisterAccount) -> None:
    """For a quick and exact answer; that both are unique is the constraints' doing."""
    if await store.is_username_taken(connection, command.username):
        raise Refusal(USERNAME_TAKEN)
    if await store.is_email_taken(connection, command.email):
        raise Refusal(EMAIL_TAKEN)
