from auth_worker.store import accounts
from chassis.errors import Refusal
from chassis.subscription import Delivery
from contracts.identity import Account, GetAccount
from contracts.problems import NOT_FOUND


async def get_account(query: GetAccount, delivery: Delivery) -> Account:
    if query.user_id != delivery.actor_id:
        raise Refusal(NOT_FOUND)
    account = await accounts.find_account(delivery.connection, query.user_id)
    if account is None:
        raise Refusal(NOT_FOUND)
    return account.view()
