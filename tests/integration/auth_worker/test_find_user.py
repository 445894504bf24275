import pytest
from asyncpg.pool import PoolConnectionProxy

from auth_worker.handlers.find_user import find_user
from chassis.errors import Refusal
from contracts.identity import Account, FindUser
from contracts.people import Person
from contracts.problems import USER_NOT_FOUND
from tests.integration.handling import deliver


@pytest.mark.parametrize("name", ["Grace", "grace", "GRACE"])
async def test_a_user_is_found_by_his_name(connection: PoolConnectionProxy, grace: Account, name: str) -> None:
    found = await find_user(FindUser(username=name), deliver(connection, None))
    assert found == Person(id=grace.id, username="Grace")


@pytest.mark.parametrize("name", ["grac", "gracee", "Grace.Example.org", "nobody"])
@pytest.mark.usefixtures("grace")
async def test_nobody_else_is(connection: PoolConnectionProxy, name: str) -> None:
    with pytest.raises(Refusal) as refused:
        await find_user(FindUser(username=name), deliver(connection, None))
    assert refused.value.problem.type == USER_NOT_FOUND
