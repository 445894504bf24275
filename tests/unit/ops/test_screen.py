import asyncio
import os
import sys

from ops.state import ROOT

PROGRAM = "import sys; from ops.screen import show_text; show_text('here\\n'); sys.stdin.read()"


async def test_what_is_shown_is_there_at_once_also_through_a_pipe() -> None:
    shown = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROGRAM),
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": ""},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert shown.stdout
    try:
        async with asyncio.timeout(10):
            assert await shown.stdout.readline() == b"here\n"
    finally:
        await shown.communicate(b"")
