import asyncio
import re
import time
from collections.abc import Mapping

from ops import debian_packages
from ops.state import cache_folder
from tests.chaos.world import World

_SKEWS = {"task_worker": "-5s", "auth_worker": "-5s", "notifier": "+2h", "gateway": "+5s"}


async def skewed(world: World) -> str:
    """Every service believes another time than its neighbours. The clocks on the wall lie; none stands still."""
    library = await asyncio.to_thread(_libfaketime)
    lying = {"LD_PRELOAD": library, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    try:
        await _restart(world, {name: {**lying, "FAKETIME": skew} for name, skew in _SKEWS.items()})
        await world.flowing()
        number = len(world.traffic.attempts)
        await world.lasts(10)
        statuses = world.traffic.statuses(number)
    finally:
        await _restart(world, {name: {} for name in _SKEWS})
    await world.flowing()
    assert statuses.keys() <= {200, 201}, f"not only good answers: {statuses}"
    return f"{', '.join(f'{name} {skew}' for name, skew in _SKEWS.items())}: {statuses.total()} requests succeeded"


async def _restart(world: World, environments: Mapping[str, Mapping[str, str]]) -> None:
    started = time.monotonic()
    for name, environment in environments.items():
        await world.running.services[name].stop()
        await world.restart(name, **environment)
    world.gateway_was_away.append((started, time.monotonic()))


def _libfaketime() -> str:
    root = cache_folder() / "libfaketime"
    if not root.exists():
        debian_packages.fetch(root, "libfaketime", re.compile("^libfaketime$"))
    [library] = root.glob("usr/lib/*/faketime/libfaketime.so.1")
    return str(library)
