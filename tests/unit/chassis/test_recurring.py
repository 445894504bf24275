import asyncio

import asyncpg
import pytest
from structlog.testing import capture_logs

from chassis.errors import Unavailable
from chassis.recurring import recur
from contracts.problems import DATABASE_UNAVAILABLE


async def test_what_the_database_was_away_for_is_done_the_next_time() -> None:
    outcomes = iter([Unavailable(DATABASE_UNAVAILABLE), asyncpg.PostgresError("gone"), None, ValueError("a defect")])

    async def work() -> None:
        if outcome := next(outcomes):
            raise outcome

    with capture_logs() as logs:
        async with asyncio.timeout(2):
            with pytest.raises(ValueError, match="a defect"):
                await recur(work, every=0.01, put_off="swept later")
    # What other tests left running writes, too.
    assert [line["event"] for line in logs].count("swept later") == 2
