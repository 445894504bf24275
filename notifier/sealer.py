"""Seals what has been added to the activity log, in the background: nobody's write waits for it."""

from datetime import timedelta

from chassis import erasure
from chassis.database import Database
from chassis.recurring import recur
from notifier.names import people_in
from notifier.seals import BEGINNING, Seal, seal_of
from notifier.store import activity, feed, seals

_AT_MOST = 1000  # rows in a segment


class Sealer:
    def __init__(self, database: Database, *, every: timedelta) -> None:
        self._database = database
        self._every = every

    async def keep(self) -> None:
        await recur(self._seal_all, every=self._every.total_seconds(), put_off="activity is sealed later")

    async def _seal_all(self) -> None:
        while await self._seal_next():
            pass

    async def _seal_next(self) -> bool:
        """Whether there is more. Positions are committed in their order, so that none below the last is missing.

        What arrived late, after its people's names were erased, is erased before it is sealed; its digest stays the same.
        """
        async with self._database.acquire() as connection:
            before, state = await seals.find_last_seal(connection), await feed.find_state(connection)
            first = before.last_position + 1 if before else 1
            last = min(state.last_position, first + _AT_MOST - 1)
            if last < first:
                return False
            previous = before.seal if before else BEGINNING
            rows = await seals.list_rows(connection, first=first, last=last)
            named = {person for row in rows for person in people_in(row["data"])}
            for person_id in await erasure.list_due(connection, among=named):
                await activity.erase_activity(connection, person_id, first=first, last=last)
            await seals.insert_seal(connection, Seal(first, last, previous, seal_of(previous, rows)))
            return last < state.last_position
