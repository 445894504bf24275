from auth_worker.store import api_tokens
from chassis.errors import Refusal
from chassis.subscription import Delivery
from contracts.api_tokens import ApiTokenOwner, FindApiToken
from contracts.problems import NOT_FOUND


async def find_api_token(query: FindApiToken, delivery: Delivery) -> ApiTokenOwner:
    owner = await api_tokens.find_owner(delivery.connection, bytes.fromhex(query.token_sha))
    if owner is None:
        raise Refusal(NOT_FOUND)
    return owner
