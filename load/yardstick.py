"""Runs the yardsticks: the bare server as a process, pgbench, and argon2 alone."""

import asyncio
import os
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from uuid import UUID

import asyncpg
from argon2 import PasswordHasher

from load.account import PASSWORD
from load.client import Client
from load.measurement import Measurement, Result
from load.pace import Pace, Rate
from load.requests import Answer
from load.stack import Stack
from load.statement import DROP_TABLES, MAKE_TABLES, for_pgbench
from load.target import Target
from ops.errors import OpsError
from ops.state import ROOT

_MOST_CLIENTS = 32  # of pgbench: each is a connection of its own


@asynccontextmanager
async def tables(superuser_url: str) -> AsyncIterator[None]:
    connection = await asyncpg.connect(superuser_url)
    try:
        await connection.execute(MAKE_TABLES)
        yield
    finally:
        await connection.execute(DROP_TABLES)
        await connection.close()


@asynccontextmanager
async def direct(stack: Stack, owner: UUID, pace: Pace) -> AsyncIterator[Target]:
    """Of its own session, so that Ctrl-C is for us alone; it ends when we do, because its stdin does."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "DATABASE_URL": f"{stack.superuser_url}?search_path=tasks",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "load.direct",
        str(owner),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=environment,
        cwd=ROOT,
        start_new_session=True,
    )
    assert process.stdin  # noqa: S101  a pipe, as is
    assert process.stdout  # noqa: S101
    try:
        port = (await process.stdout.readline()).decode().strip()
        if not port:
            raise OpsError("The yardstick did not start; what it said is above.")
        parts = {"direct": [process.pid]} | {name: pids for name, pids in stack.parts.items() if name == "postgres"}
        client = Client(f"http://127.0.0.1:{port}", at_most=pace.connections)
        try:
            yield Target("direct", client.send, parts)
        finally:
            client.close()
    finally:
        process.stdin.close()
        await process.wait()


def pgbench_program(stack: Stack) -> Path | None:
    """The one beside the server that runs: an older one may not speak to it."""
    with suppress(OSError):
        for pid in stack.parts.get("postgres", ()):
            beside = Path(f"/proc/{pid}/exe").resolve(strict=True).with_name("pgbench")
            if beside.is_file():
                return beside
    on_path = shutil.which("pgbench")
    return Path(on_path) if on_path else None


async def pgbench(
    program: Path, superuser_url: str, owner: UUID, pace: Pace, *, seconds: float, stopping: asyncio.Event
) -> Result:
    clients = min(_MOST_CLIENTS, pace.connections)
    limit = [f"--rate={pace.per_second:g}"] if isinstance(pace, Rate) else []
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "create.sql"
        script.write_text(for_pgbench(str(owner)))
        began = time.monotonic()
        process = await asyncio.create_subprocess_exec(
            program,
            "--no-vacuum",
            "--protocol=prepared",
            f"--file={script}",
            f"--client={clients}",
            f"--time={max(1, round(seconds))}",
            f"--log-prefix={folder}/log",
            "--log",
            *limit,
            superuser_url,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        said = asyncio.create_task(process.communicate())
        stopped = asyncio.create_task(stopping.wait())
        await asyncio.wait({said, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        with suppress(ProcessLookupError):
            process.terminate()
        output, _ = await said
        if process.returncode and not stopping.is_set():
            raise OpsError(f"pgbench ended with {process.returncode}: {output.decode(errors='replace').strip()[-400:]}")
        took = time.monotonic() - began
        return await asyncio.to_thread(_read_log, Path(folder), str(pace), took)


def _read_log(folder: Path, pace: str, seconds: float) -> Result:
    lines = [line for log in sorted(folder.glob("log*")) for line in log.read_text().splitlines()]
    return pgbench_result(lines, pace, seconds)


def pgbench_result(lines: list[str], pace: str, seconds: float) -> Result:
    """Of its log, a transaction a line: client, number, µs, script, and when it ended."""
    measured = Measurement()
    for line in lines:
        _, _, microseconds, *_ = line.split()
        measured.record(Answer(200), int(microseconds) / 1_000_000)
    return measured.result("pgbench", pace, seconds, {})


def hashes_per_second(seconds: float) -> float:
    """Of this machine with nothing else to do, with the parameters that are auth_worker's defaults."""
    hasher, cores = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1), os.cpu_count() or 1
    until = time.perf_counter() + seconds

    def hash_on() -> int:
        count = 0
        while time.perf_counter() < until:
            hasher.hash(PASSWORD)
            count += 1
        return count

    with ThreadPoolExecutor(cores) as threads:
        return sum(threads.map(lambda _: hash_on(), range(cores))) / seconds


def argon2(pace: Pace, seconds: float) -> Result:
    rate = hashes_per_second(seconds)
    result = Measurement().result("argon2", str(pace), seconds, {})
    return Result(**{**vars(result), "per_second": rate, "accepted": round(rate * seconds)})
