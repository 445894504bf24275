import pytest
from asyncpg.pool import PoolConnectionProxy

from auth_worker.handlers.find_user import find_user
from chassis.errors import Refusal
from contracts.identity import Account, FindUser
from contracts.people import Person
from contracts.problems import USER_NOT_FOUND
from tests.integration.handling import deliver


@pytest.mark.parametrize("username", ["grace", "Grace", "GRACE"])
async def test_capitals_make_no_difference(connection: PoolConnectionProxy, grace: Account, username: str) -> None:
    """F4."""
    found = await find_user(FindUser(username=username), deliver(connection, None))
    assert found == Person(id=grace.id, username=grace.username)


@pytest.mark.usefixtures("grace")
@pytest.mark.parametrize("username", ["grac", "graces", "gr_ce"])
async def test_nobody_of_that_name(connection: PoolConnectionProxy, username: str) -> None:
    """F22: no character stands for others."""
    with pytest.raises(Refusal) as refused:
        await find_user(FindUser(username=username), deliver(connection, None))
    assert refused.value.problem.type == USER_NOT_FOUND
