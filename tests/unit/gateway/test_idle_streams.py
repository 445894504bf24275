"""Two thousand streams on one gateway, on which nothing happens, and what they cost."""

import asyncio
import json
import os
import resource
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import aiohttp
import pytest

from ops.state import ROOT
from tests.unit.gateway.serving import Signer

STREAMS = 2_000
PER_USER = 5
MORE = 100 * 1024  # KiB


def resident(pid: int) -> int:
    """In KiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise AssertionError(f"process {pid} has no memory")


@asynccontextmanager
async def gateway_process(signer: Signer) -> AsyncIterator[tuple[int, int]]:
    """Its pid and port."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PUBLIC_JWK": json.dumps(signer.jwk)}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(Path(__file__).with_name("gateway_process.py")),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=environment,
    )
    assert process.stdout is not None
    try:
        lines = (await process.stdout.readline()).decode()
        while not lines.strip().isdigit():
            assert lines, "the gateway ended"
            lines = (await process.stdout.readline()).decode()
        yield process.pid, int(lines)
    finally:
        process.kill()
        await process.wait()


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
async def test_two_thousand_idle_streams_cost_less_than_100_mb(signer: Signer) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < STREAMS + 500:
        pytest.skip(f"this machine allows {hard} open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, STREAMS + 500), hard))
    async with (
        gateway_process(signer) as (pid, port),
        aiohttp.ClientSession(f"http://127.0.0.1:{port}", connector=aiohttp.TCPConnector(limit=0)) as session,
    ):
        tokens = [signer.token(sub=str(uuid4()), scope="events:read") for _ in range(STREAMS // PER_USER)]
        turns = asyncio.Semaphore(50)

        async def open_stream(token: str) -> aiohttp.ClientResponse:
            async with turns:
                response = await session.get("/v1/events/stream", headers={"Authorization": f"Bearer {token}"})
                assert response.status == 200, await response.text()
                await response.content.readline()
                return response

        # The first streams load what every stream needs.
        warm = [await open_stream(tokens[0]) for _ in range(PER_USER)]
        before = resident(pid)
        opened = await asyncio.gather(*(open_stream(token) for token in tokens[1:] for _ in range(PER_USER)))
        grown = resident(pid) - before
        one_too_many = await session.get(
            "/v1/events/stream", headers={"Authorization": f"Bearer {signer.token(scope='events:read')}"}
        )
        assert (len(warm) + len(opened), one_too_many.status) == (STREAMS, 503)
        assert grown < MORE, f"{grown / 1024:.1f} MiB"
        for response in (*warm, *opened):
            response.close()
