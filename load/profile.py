"""Where the time of a service goes: py-spy beside the load, where it is installed."""

import asyncio
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from load import cpu

_SERVICES = ("gateway", "task_worker", "auth_worker", "notifier")
_SHOWN = 25
"""Where most of the time was spent, and beneath which most of it passed."""
_RATE = 100  # samples a second


def program() -> str | None:
    return shutil.which("py-spy", path=str(Path(sys.executable).parent)) or shutil.which("py-spy")


def missing(parts: cpu.Parts) -> str | None:
    if program() is None:
        return "py-spy is not installed (uv pip install --python .taskmesh/venv/bin/python py-spy)"
    return cpu.missing(parts)


@asynccontextmanager
async def sampled(parts: cpu.Parts, found: dict[str, str]) -> AsyncIterator[None]:
    """Puts one text for each service into `found`, or why there is none."""
    with tempfile.TemporaryDirectory() as folder:
        running = {}
        for name, pid in ((name, pids[0]) for name, pids in parts.items() if name in _SERVICES):
            running[name] = await asyncio.create_subprocess_exec(
                program() or "py-spy",
                *("record", "--pid", str(pid), "--format", "raw", "--rate", str(_RATE), "--duration", "86400"),
                *("--function", "--nonblocking", "--output", f"{folder}/{name}"),
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,
            )
        try:
            yield
        finally:
            for name, process in running.items():
                with suppress(ProcessLookupError):
                    process.send_signal(2)  # it writes what it has
                _, errors = await process.communicate()
                stacks = Path(folder) / name
                found[name] = summary(stacks.read_text().splitlines()) if stacks.exists() else errors.decode()[-300:]


def summary(stacks: Iterable[str]) -> str:
    """Of lines such as `main;handle;encode 17`: where the samples were, then beneath which functions."""
    own: Counter[str] = Counter()
    beneath: Counter[str] = Counter()
    total = 0
    for line in stacks:
        frames, _, count = line.rpartition(" ")
        names = frames.split(";")
        total += int(count)
        own[names[-1]] += int(count)
        for name in set(names):
            beneath[name] += int(count)
    if not total:
        return "no samples: it did nothing"
    shown = dict.fromkeys(name for most in (own, beneath) for name, _ in most.most_common(_SHOWN))
    lines = [f"{'own':>6} {'with callees':>12}  function"]
    lines += [f"{own[name] / total:>6.1%} {beneath[name] / total:>12.1%}  {name}" for name in shown]
    return "\n".join(lines)
