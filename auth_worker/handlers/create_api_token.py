import hashlib
from dataclasses import dataclass
from datetime import timedelta

from auth_worker.callers import lock_caller
from auth_worker.store import api_tokens
from auth_worker.tokens import api_token
from chassis.sealing import OpeningKeys
from chassis.subscription import Answer, Delivery
from contracts.api_tokens import ApiTokenCreated, CreateApiToken, NewApiToken


@dataclass(frozen=True)
class CreateApiTokenHandler:
    opening_keys: OpeningKeys

    async def __call__(self, command: CreateApiToken, delivery: Delivery) -> Answer:
        """The token is worked out from the command's id, so that asking twice with one key gives the same token."""
        account = await lock_caller(delivery)
        token_id = delivery.envelope.message_id
        text = api_token(token_id, secret=self.opening_keys.derive("api tokens")[0])
        made = await api_tokens.insert_api_token(
            delivery.connection,
            token_id=token_id,
            account_id=account.id,
            name=command.name,
            scopes=command.scopes,
            token_sha=hashlib.sha256(text.encode()).digest(),
            lifetime=timedelta(days=command.expires_in_days),
        )
        return Answer(
            NewApiToken(**made.model_dump(), token=text),
            ApiTokenCreated(
                user=account.person, token_id=made.id, changes={}, actor=account.person, audience=(account.id,)
            ),
        )
