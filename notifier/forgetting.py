"""What the notifier keeps of somebody who closed his account."""

from uuid import UUID

from chassis.database import Database
from notifier.store import activity, feed, notifications

_AT_ONCE = 1000  # positions


async def erase_activity(database: Database, person_id: UUID) -> None:
    """And, once more, what was for him alone. What is recorded from now on is left to the sealer."""
    async with database.acquire() as connection:
        await notifications.forget_person(connection, person_id)
        state = await feed.find_state(connection)
    for first in range(1, state.last_position + 1, _AT_ONCE):
        async with database.acquire() as connection:
            await activity.erase_activity(connection, person_id, first=first, last=first + _AT_ONCE - 1)
