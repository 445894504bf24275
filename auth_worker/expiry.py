from auth_worker.store import api_tokens, mailed_tokens, sessions
from chassis.database import Database
from chassis.recurring import recur

_EVERY = 600.0  # seconds


async def forget_expired(database: Database) -> None:
    async def forget() -> None:
        async with database.acquire() as connection:
            await sessions.delete_expired(connection)
            await mailed_tokens.delete_expired(connection)
            await api_tokens.delete_expired(connection)

    await recur(forget, every=_EVERY, put_off="expired tokens kept for now")
