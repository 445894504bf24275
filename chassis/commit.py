import asyncio

from asyncpg.pool import PoolConnectionProxy

from chassis.database import LOST

_TIMEOUT = 5.0  # seconds


class CommitUnknownError(Exception):
    """The connection was lost while the transaction was being committed: it may be, or not."""


async def commit(connection: PoolConnectionProxy) -> None:
    try:
        async with asyncio.timeout(_TIMEOUT):
            await connection.execute("COMMIT")
    except (*LOST, TimeoutError) as error:
        raise CommitUnknownError from error
