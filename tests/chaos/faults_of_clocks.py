import asyncio
import re
import time

from ops import debian_packages
from ops.state import cache_folder
from tests.chaos.world import World

_SKEWS = {"task_worker": "-5s", "auth_worker": "-5s", "notifier": "+2h", "gateway": "+5s"}


async def skewed(world: World) -> str:
    """Every service believes another time than its neighbours. The clocks on the wall lie; none stands still."""
    library = await asyncio.to_thread(_libfaketime)
    started = time.monotonic()
    try:
        for name, skew in _SKEWS.items():
            await world.running.services[name].stop()
            await world.restart(name, LD_PRELOAD=library, FAKETIME=skew, FAKETIME_DONT_FAKE_MONOTONIC="1")
        world.gateway_was_away.append((started, time.monotonic()))
        await world.flowing()
        number = len(world.traffic.attempts)
        await world.lasts(10)
        statuses = world.traffic.statuses(number)
    finally:
        started = time.monotonic()
        for name in _SKEWS:
            await world.running.services[name].stop()
            await world.restart(name)
        world.gateway_was_away.append((started, time.monotonic()))
    await world.flowing()
    assert statuses.keys() <= {200, 201}, f"not only good answers: {statuses}"
    return f"{', '.join(f'{name} {skew}' for name, skew in _SKEWS.items())}: {statuses.total()} requests succeeded"


def _libfaketime() -> str:
    root = cache_folder() / "libfaketime"
    if not root.exists():
        debian_packages.fetch(root, "libfaketime", re.compile("^libfaketime$"))
    [library] = root.glob("usr/lib/*/faketime/libfaketime.so.1")
    return str(library)
