from auth_worker import store
from chassis.subscription import Delivery
from contracts.identity import GetSigningKeys, SigningKeys


async def get_signing_keys(_: GetSigningKeys, delivery: Delivery) -> SigningKeys:
    return SigningKeys(keys=tuple(await store.list_public_keys(delivery.connection)))
