from collections.abc import AsyncIterator

import pytest
from asyncpg.pool import PoolConnectionProxy

from ops.postgres import Postgres
from tests.integration.handling import open_transaction


@pytest.fixture
async def connection(postgres: Postgres, database: str) -> AsyncIterator[PoolConnectionProxy]:
    async with open_transaction(postgres, database, "notifier") as connection:
        yield connection
