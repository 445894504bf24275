"""`python -m notifier.audit` goes through the activity log and its seals; ends with 1 when they do not agree.

Needs DATABASE_URL and nothing else, and only reads.
"""

import asyncio
import os
import sys
from collections.abc import Iterator

import asyncpg

from notifier.seals import BEGINNING, Seal, seal_of
from notifier.store import seals


async def verify(url: str) -> tuple[list[str], Seal | None]:
    """What is wrong, and the last seal: kept elsewhere, it shows whether the whole chain was made anew."""
    connection = await asyncpg.connect(url, server_settings={"search_path": "notifier"})
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            found, expected, next_position, last = [], BEGINNING, 1, None
            for last in await seals.list_seals(connection):
                found += list(_broken_links(last, expected, next_position))
                rows = await seals.list_rows(connection, first=last.first_position, last=last.last_position)
                if seal_of(last.previous, rows) != last.seal:
                    found.append(f"segment {last.first_position}-{last.last_position} was tampered with")
                expected, next_position = last.seal, last.last_position + 1
            return found, last
    finally:
        await connection.close()


def _broken_links(seal: Seal, expected: bytes, next_position: int) -> Iterator[str]:
    if seal.first_position != next_position:
        yield f"segment {next_position}-{seal.first_position - 1} has no seal"
    if seal.previous != expected:
        yield f"segment {seal.first_position}-{seal.last_position} does not follow the seal before it"


def main() -> int:
    problems, last = asyncio.run(verify(os.environ["DATABASE_URL"]))
    for problem in problems:
        sys.stdout.write(f"{problem}\n")
    if not problems and last is None:
        sys.stdout.write("Nothing is sealed yet.\n")
    elif not problems and last is not None:
        sys.stdout.write(f"Sealed through position {last.last_position}: {last.seal.hex()}\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
