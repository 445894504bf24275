"""What a caller must still be, whatever his token says: it was true when it was signed."""

from dataclasses import dataclass

from auth_worker.account import Account
from auth_worker.passwords import Passwords
from auth_worker.store import accounts, sessions
from chassis.errors import Refusal, Unavailable
from chassis.sealing import OpeningKeys
from chassis.subscription import Delivery
from contracts.identity import PASSWORD_PURPOSE
from contracts.problems import CURRENT_PASSWORD_INCORRECT, INVALID_TOKEN, OVERLOADED

_SENT_AT_ROUNDED = 0.5  # seconds; AMQP tells the time in whole ones


def require_time(delivery: Delivery) -> None:
    """Of a long queue the last half is answered at once: hashed in their turn, all of them would be too late."""
    caller, sent_at = delivery.envelope.caller, delivery.envelope.sent_at
    if caller is not None and caller.remaining < (caller.deadline - sent_at).total_seconds() / 2 - _SENT_AT_ROUNDED:
        raise Unavailable(OVERLOADED, "too many passwords wait to be hashed")


async def lock_caller(delivery: Delivery) -> Account:
    """His account, which nobody else changes before this transaction ends."""
    account = await accounts.lock_account(delivery.connection, delivery.actor_id)
    session_id = delivery.actor.session_id
    if account is None:
        raise Refusal(INVALID_TOKEN)
    if session_id is not None and not await sessions.is_session_open(delivery.connection, session_id):
        raise Refusal(INVALID_TOKEN)
    return account


@dataclass(frozen=True)
class Reauthentication:
    passwords: Passwords
    opening_keys: OpeningKeys

    async def __call__(self, delivery: Delivery, sealed_password: str) -> Account:
        """The caller's account under lock, when this is its password."""
        password = self.opening_keys.open(sealed_password, purpose=PASSWORD_PURPOSE)
        seen = await accounts.find_account(delivery.connection, delivery.actor_id)
        # Before the lock, for a hash takes long.
        matches = await self.passwords.verify(password, seen.password_hash if seen else None)
        account = await lock_caller(delivery)
        if seen is None or account.password_hash != seen.password_hash:
            matches = await self.passwords.verify(password, account.password_hash)
        if not matches:
            raise Refusal(CURRENT_PASSWORD_INCORRECT)
        return account
