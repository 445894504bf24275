"""`python -m notifier.audit` goes through the activity log and its seals; ends with 1 when they do not agree.

Needs DATABASE_URL and nothing else, and only reads.
"""

import asyncio
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import asyncpg

from notifier.names import is_erased
from notifier.seals import BEGINNING, Seal, seal_of
from notifier.store import seals


@dataclass
class Found:
    problems: list[str]
    last: Seal | None = None
    """Kept elsewhere, it shows whether the whole chain was made anew."""
    erased: int = 0
    """Rows: of their names nothing can be said any more."""


async def verify(url: str) -> Found:
    connection = await asyncpg.connect(url, server_settings={"search_path": "notifier"})
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            found, expected, next_position = Found([]), BEGINNING, 1
            closed = await seals.list_closed_accounts(connection)
            for seal in await seals.list_seals(connection):
                found.problems += _broken_links(seal, expected, next_position)
                rows = await seals.list_rows(connection, first=seal.first_position, last=seal.last_position)
                if seal_of(seal.previous, rows) != seal.seal:
                    found.problems.append(f"segment {seal.first_position}-{seal.last_position} was tampered with")
                erased = [row for row in rows if row["erased_digest"] is not None]
                found.problems += [
                    f"row {row['position']} is not what an erasure leaves"
                    for row in erased
                    if not is_erased(row, closed)
                ]
                found.erased += len(erased)
                found.last, expected, next_position = seal, seal.seal, seal.last_position + 1
            return found
    finally:
        await connection.close()


def _broken_links(seal: Seal, expected: bytes, next_position: int) -> Iterator[str]:
    if seal.first_position != next_position:
        yield f"segment {next_position}-{seal.first_position - 1} has no seal"
    if seal.previous != expected:
        yield f"segment {seal.first_position}-{seal.last_position} does not follow the seal before it"


def main() -> int:
    found = asyncio.run(verify(os.environ["DATABASE_URL"]))
    for problem in found.problems:
        sys.stdout.write(f"{problem}\n")
    if not found.problems and found.last is None:
        sys.stdout.write("Nothing is sealed yet.\n")
    elif not found.problems and found.last is not None:
        sys.stdout.write(f"Sealed through position {found.last.last_position}: {found.last.seal.hex()}\n")
        sys.stdout.write(f"Rows whose names were erased: {found.erased}\n")
    return 1 if found.problems else 0


if __name__ == "__main__":
    sys.exit(main())
