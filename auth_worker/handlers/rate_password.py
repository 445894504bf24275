import asyncio
from dataclasses import dataclass

from auth_worker.password_policy import Policy, rate
from chassis.sealing import OpeningKeys
from chassis.subscription import Delivery
from contracts.identity import PASSWORD_PURPOSE
from contracts.passwords import PasswordRating, RatePassword


@dataclass(frozen=True)
class RatePasswordHandler:
    policy: Policy
    opening_keys: OpeningKeys

    async def __call__(self, query: RatePassword, _: Delivery) -> PasswordRating:
        password = self.opening_keys.open(query.sealed_password, purpose=PASSWORD_PURPOSE)
        rating = await asyncio.to_thread(rate, password, policy=self.policy, username=query.username, email=query.email)
        return PasswordRating(
            score=rating.score,
            acceptable=not rating.weaknesses,
            reasons=tuple(sentence for _, sentence in rating.weaknesses),
        )
