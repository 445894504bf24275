import pytest
from asyncpg.pool import PoolConnectionProxy
from uuid_utils.compat import uuid7

from auth_worker.handlers.get_account import get_account
from chassis.errors import Refusal
from contracts.identity import Account, GetAccount
from contracts.message import Actor
from contracts.problems import NOT_FOUND, UNAUTHENTICATED, Problem
from tests.integration.handling import deliver


async def test_a_person_sees_his_own_account(connection: PoolConnectionProxy, grace: Account) -> None:
    actor = Actor(id=grace.id, username=grace.username)
    assert await get_account(GetAccount(user_id=grace.id), deliver(connection, actor)) == grace


async def test_a_confirmed_address_is_shown_as_such(connection: PoolConnectionProxy, grace: Account) -> None:
    await connection.execute("UPDATE accounts SET email_verified_at = now()")
    actor = Actor(id=grace.id, username=grace.username)
    seen = await get_account(GetAccount(user_id=grace.id), deliver(connection, actor))
    assert seen == grace.model_copy(update={"email_verified": True})


async def test_nobody_sees_anybody_elses(connection: PoolConnectionProxy, grace: Account, ada: Actor) -> None:
    for user_id in (grace.id, uuid7(), ada.id):
        with pytest.raises(Refusal) as refused:
            await get_account(GetAccount(user_id=user_id), deliver(connection, ada))
        assert refused.value.problem == Problem(type=NOT_FOUND)


async def test_who_has_not_logged_in_sees_none(connection: PoolConnectionProxy, grace: Account) -> None:
    with pytest.raises(Refusal) as refused:
        await get_account(GetAccount(user_id=grace.id), deliver(connection, None))
    assert refused.value.problem == Problem(type=UNAUTHENTICATED)
