"""The live gateway is asked whatever its own description allows, and some that it does not."""

import asyncio
import sys
from pathlib import Path

import pytest

from tests.running import Running

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
ENDS_NEVER = "/v1/events/stream"
END_THE_SESSION = "^/v1/auth/(logout|logout-all|sessions/.*)$|^/v1/users/me(/change-password)?$"


async def schemathesis(running: Running, token: str, *options: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("schemathesis"),
        "run",
        f"{running.url}/openapi.json",
        f"--checks={CHECKS}",
        f"--header=Authorization: Bearer {token}",
        f"--exclude-path={ENDS_NEVER}",
        "--request-timeout=10",
        "--no-shrink",
        "--no-color",
        "--warnings=off",
        "--generation-database=none",
        "--continue-on-failure",
        *options,
        cwd=running.folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()


@pytest.mark.timeout(300)
async def test_what_is_described_is_what_is_answered(running: Running) -> None:
    token = await running.register("ada")
    status, output = await schemathesis(
        running,
        token,
        f"--exclude-path-regex={END_THE_SESSION}",
        "--phases=coverage,fuzzing",
        "--max-examples=3",
        "--max-time=30",
    )
    assert status == 0, output
