import asyncio

import asyncpg
import structlog

from auth_worker.store import api_tokens, mailed_tokens, sessions
from chassis.database import Database
from chassis.errors import Unavailable

log = structlog.get_logger()

_EVERY = 600.0  # seconds


async def forget_expired(database: Database) -> None:
    while True:
        try:
            async with database.acquire() as connection:
                await sessions.delete_expired(connection)
                await mailed_tokens.delete_expired(connection)
                await api_tokens.delete_expired(connection)
        except (Unavailable, asyncpg.PostgresError) as error:
            log.info("expired tokens kept for now", reason=str(error))
        await asyncio.sleep(_EVERY)
