"""`python -m auth_worker.rotation [--force]`: the next signing key signs from now on. Needs no running service."""

import asyncio
import sys

import asyncpg

from auth_worker.settings import Settings
from auth_worker.signing_keys import PUBLISHED_BEFORE, rotate
from chassis.sealing import OpeningKeys


async def _rotate(settings: Settings, *, force: bool) -> str | None:
    sealing_key = OpeningKeys(*settings.sealing_keys.get_secret_value().split(",")).sealing_key
    async with (
        asyncpg.create_pool(settings.database_url.get_secret_value(), min_size=1, max_size=1) as pool,
        pool.acquire() as connection,
        connection.transaction(),
    ):
        return await rotate(connection, sealing_key, force=force)


def main(arguments: list[str]) -> None:
    kid = asyncio.run(_rotate(Settings(), force="--force" in arguments))
    if kid is None:
        minutes = PUBLISHED_BEFORE.total_seconds() // 60
        sys.exit(
            f"The next key was published less than {minutes:.0f} minutes ago, and a gateway may not know it yet. "
            "Wait, or use --force where the current key is no longer safe."
        )
    sys.stdout.write(f"{kid} signs from now on.\n")


if __name__ == "__main__":
    main(sys.argv[1:])
