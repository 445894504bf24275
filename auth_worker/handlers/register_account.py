from dataclasses import dataclass

from asyncpg.pool import PoolConnectionProxy

from auth_worker.callers import require_time
from auth_worker.new_password import require_good_enough
from auth_worker.password_policy import Policy
from auth_worker.passwords import Passwords
from auth_worker.store import accounts
from auth_worker.verification import start_verification
from chassis.errors import Refusal
from chassis.sealing import OpeningKeys, SealingKey
from chassis.subscription import Answer, Delivery
from contracts.identity import PASSWORD_PURPOSE, RegisterAccount, UserRegistered
from contracts.people import OF_CLOSED
from contracts.problems import EMAIL_TAKEN, USERNAME_TAKEN


@dataclass(frozen=True)
class RegisterAccountHandler:
    passwords: Passwords
    policy: Policy
    opening_keys: OpeningKeys
    notifier_key: SealingKey

    async def __call__(self, command: RegisterAccount, delivery: Delivery) -> Answer:
        require_time(delivery)
        connection = delivery.connection
        password = self.opening_keys.open(command.sealed_password, purpose=PASSWORD_PURPOSE)
        await require_good_enough(
            password, policy=self.policy, username=command.username, email=command.email, pointer="#/password"
        )
        await _require_free(connection, command)

        account = await accounts.insert_account(
            connection,
            account_id=command.user_id,
            username=command.username,
            email=command.email,
            password_hash=await self.passwords.hash(password),
        )
        if account is None:
            await _require_free(connection, command)
            raise Refusal(USERNAME_TAKEN)
        return Answer(
            account.view(),
            UserRegistered(
                user=account.person, version=account.version, changes={}, actor=account.person, audience=(account.id,)
            ),
            await start_verification(connection, account, notifier_key=self.notifier_key),
        )


async def _require_free(connection: PoolConnectionProxy, command: RegisterAccount) -> None:
    """For a quick and exact answer; that both are unique is the constraints' doing."""
    username_taken, email_taken = await accounts.find_taken(connection, username=command.username, email=command.email)
    if username_taken or command.username.lower() == OF_CLOSED:
        raise Refusal(USERNAME_TAKEN)
    if email_taken:
        raise Refusal(EMAIL_TAKEN)
