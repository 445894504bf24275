from auth_worker.store import accounts
from chassis.errors import Refusal
from chassis.subscription import Delivery
from contracts.identity import FindUser
from contracts.people import Person
from contracts.problems import USER_NOT_FOUND


async def find_user(query: FindUser, delivery: Delivery) -> Person:
    # No username holds an @, so this finds nobody by his e-mail address.
    account = await accounts.find_account_by_login(delivery.connection, query.username)
    if account is None:
        raise Refusal(USER_NOT_FOUND)
    return account.person
