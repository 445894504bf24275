"""From the environment to a running service, and back down in order."""

import asyncio
import gc
import signal
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol, TypeVar

import structlog
import uvloop
from pydantic import ValidationError

from chassis import failpoints, metrics
from chassis.health import Checks, serve_health
from chassis.logs import set_up_logs
from chassis.settings import ServiceSettings
from chassis.tracing import set_up_tracing
from chassis.version import VERSION

log = structlog.get_logger()

S = TypeVar("S", bound=ServiceSettings)


class Service(Protocol):
    @property
    def checks(self) -> Checks: ...

    async def drain(self) -> None:
        """Take nothing new, and finish what is in flight."""


def run(name: str, settings_type: type[S], build: Callable[[S], AbstractAsyncContextManager[Service]]) -> None:
    try:
        settings = settings_type()
    except ValidationError as error:
        sys.exit(_explain(name, error))
    set_up_logs(settings, name)
    set_up_tracing(settings, name)
    if settings.environment == "test":
        failpoints.arm(settings.failpoints)
    metrics.BUILD.labels(name, VERSION).set(1)
    uvloop.run(_serve(settings, build))


def _explain(name: str, error: ValidationError) -> str:
    """Names what is missing or wrong, and never shows a value: it may be a secret."""
    lines = [f"{name} cannot start: its environment is incomplete or wrong."]
    lines += [
        f"  {'.'.join(map(str, line['loc'])).upper() or 'settings'}: {line['msg']}"
        for line in error.errors(include_input=False, include_context=False, include_url=False)
    ]
    return "\n".join([*lines, "docs/configuration.md lists every setting."])


async def _serve(settings: S, build: Callable[[S], AbstractAsyncContextManager[Service]]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with (
        build(settings) as service,
        serve_health(service.checks, host=settings.health_host, port=settings.health_port) as health,
    ):
        # What is here now stays; to look through it for garbage would stop everything for a quarter of a second.
        gc.freeze()
        # Nearly everything goes with its last reference: to look for the rest as often as Python does by itself takes
        # 7 % of a busy service.
        gc.set_threshold(10_000, 20, 10)
        log.info("started", environment=settings.environment, version=VERSION)
        await stop.wait()
        log.info("stopping")
        health.stopping = True
        await asyncio.sleep(settings.drain_delay.total_seconds())
        await service.drain()
    log.info("stopped")
