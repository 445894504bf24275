from auth_worker.store import api_tokens
from chassis.subscription import Delivery
from contracts.api_tokens import ApiTokenList, ListApiTokens


async def list_api_tokens(_: ListApiTokens, delivery: Delivery) -> ApiTokenList:
    return ApiTokenList(items=tuple(await api_tokens.list_api_tokens(delivery.connection, delivery.actor_id)))
