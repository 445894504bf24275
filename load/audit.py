"""Whether what was accepted is there: accepted changes = versions of rows = events = entries of the activity log."""

import asyncio
from dataclasses import dataclass
from uuid import UUID

import asyncpg

_PATIENCE = 30.0  # seconds that the outbox and the notifier may need
_PAUSE = 0.2  # seconds


@dataclass(frozen=True)
class Count:
    """Of everything one account has done. Each change of a task makes one version, one event and one entry."""

    versions: int
    events: int
    activities: int

    def __sub__(self, before: "Count") -> "Count":
        return Count(self.versions - before.versions, self.events - before.events, self.activities - before.activities)


@dataclass(frozen=True)
class Audit:
    accepted: int
    uncertain: int
    """Neither accepted nor refused: no answer in time. Such a change may be there, whole."""
    there: Count

    @property
    def equal(self) -> bool:
        there = self.there
        whole = there.versions == there.events == there.activities
        return whole and self.accepted <= there.versions <= self.accepted + self.uncertain

    def __str__(self) -> str:
        there = self.there
        uncertain = f" and {self.uncertain} uncertain" if self.uncertain else ""
        return (
            f"loss audit: {'equal' if self.equal else 'NOT EQUAL'}: {self.accepted} changes accepted{uncertain}, "
            f"{there.versions} versions of rows, {there.events} events, {there.activities} activity entries"
        )


async def count(connection: asyncpg.Connection, account: UUID) -> Count:
    [row] = await connection.fetch(
        """
        SELECT (SELECT coalesce(sum(version), 0)::bigint FROM tasks.tasks WHERE owner_id = $1) AS versions,
               (SELECT count(*) FROM tasks.event_log WHERE actor_id = $1) AS events,
               (SELECT count(*)
                  FROM notifier.activity
                  JOIN tasks.event_log e USING (event_id)
                 WHERE e.actor_id = $1) AS activities
        """,
        account,
    )
    return Count(row["versions"], row["events"], row["activities"])


async def audit(
    connection: asyncpg.Connection, account: UUID, before: Count, *, accepted: int, uncertain: int
) -> Audit:
    """Waits while events are still on their way."""
    loop = asyncio.get_running_loop()
    until = loop.time() + _PATIENCE
    while True:
        found = Audit(accepted, uncertain, await count(connection, account) - before)
        if found.equal or found.there.activities >= found.there.events or loop.time() > until:
            return found
        await asyncio.sleep(_PAUSE)
