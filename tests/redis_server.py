"""A real Redis for a test: Valkey's or Redis's own server where it is installed, else out of Debian's packages."""

import asyncio
import os
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from ops import debian_packages
from ops.errors import OpsError
from ops.ports import free_port
from ops.postgres_files import alone
from ops.probes import accepts
from ops.state import cache_folder
from tests.eventually import eventually

_NEEDED = re.compile(r"^(redis-(server|tools)|lua-[a-z]+|lib[a-z0-9.+-]+)$")


class NoRedisError(Exception):
    """The text says why."""


def find() -> tuple[str, dict[str, str]]:
    """The program, and what its environment needs."""
    for name in ("valkey-server", "redis-server"):
        if program := shutil.which(name):
            return program, {}
    if not debian_packages.available():
        raise NoRedisError("neither valkey-server nor redis-server is installed, and there is no apt-get to fetch one")
    root = cache_folder() / "redis-debian"
    with alone(cache_folder()):
        if not root.exists():
            unfinished = root.with_suffix(".unfinished")
            shutil.rmtree(unfinished, ignore_errors=True)
            try:
                debian_packages.fetch(unfinished, "redis-server", _NEEDED)
            except OpsError as error:
                raise NoRedisError("redis-server is not installed and could not be fetched") from error
            unfinished.rename(root)
    libraries = ":".join(str(folder) for folder in root.glob("usr/lib/*-linux-gnu"))
    return str(root / "usr/bin/redis-check-rdb"), {"LD_LIBRARY_PATH": libraries}


@asynccontextmanager
async def run_redis(folder: Path) -> AsyncIterator[str]:
    """Its URL."""
    program, environment = await asyncio.to_thread(find)
    await asyncio.to_thread(folder.mkdir, parents=True)
    port = free_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    # One binary is all of Redis's programs, and which one it is follows from its name.
    process = await asyncio.create_subprocess_exec(
        "redis-server",
        *options,
        executable=program,
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        await eventually(lambda: accepts(port))
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        await process.wait()
