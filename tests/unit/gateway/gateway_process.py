"""A gateway in a process of its own, whose memory can be looked at. Prints its port; PUBLIC_JWK says whom it believes."""

import asyncio
import json
import os
import resource
import sys

from gateway.app import build
from gateway.state import KEYS
from tests.unit.gateway.serving import settings_of


async def main() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    async with build(settings_of(log_level="error")) as gateway:
        gateway.runner.app[KEYS].learn([json.loads(os.environ["PUBLIC_JWK"])])
        sys.stdout.write(f"{gateway.runner.addresses[0][1]}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


asyncio.run(main())
