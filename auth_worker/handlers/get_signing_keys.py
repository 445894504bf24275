from auth_worker.store import signing_keys
from chassis.subscription import Delivery
from contracts.identity import GetSigningKeys, SigningKeys


async def get_signing_keys(_: GetSigningKeys, delivery: Delivery) -> SigningKeys:
    return SigningKeys(keys=tuple(await signing_keys.list_public_keys(delivery.connection)))
