from auth_worker.store import api_tokens
from chassis.errors import Refusal
from chassis.subscription import Answer, Delivery
from contracts.api_tokens import ApiTokenRevoked, RevokeApiToken
from contracts.people import Person
from contracts.problems import NOT_FOUND


async def revoke_api_token(command: RevokeApiToken, delivery: Delivery) -> Answer:
    user = Person(id=delivery.actor_id, username=delivery.actor.username)
    if not await api_tokens.revoke_api_token(delivery.connection, command.token_id, account_id=user.id):
        raise Refusal(NOT_FOUND)
    return Answer(
        None, ApiTokenRevoked(user=user, token_id=command.token_id, changes={}, actor=user, audience=(user.id,))
    )
