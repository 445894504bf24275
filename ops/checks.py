"""`taskmesh lint` and `taskmesh test`: the same here and in CI."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from ops.errors import OpsError
from ops.state import ROOT

_PROGRAMS = Path(sys.executable).parent

LINTERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("format", ("ruff", "format", "--check", ".")),
    ("lint", ("ruff", "check", ".")),
    ("types", ("mypy",)),
    ("imports", ("lint-imports",)),
)


def lint(say: Callable[[str], None]) -> int:
    """All of them run, however many fail."""
    codes = [_run(name, [str(_PROGRAMS / program), *arguments], say) for name, (program, *arguments) in LINTERS]
    return 1 if any(codes) else 0


def pytest(arguments: Sequence[str], say: Callable[[str], None]) -> int:
    return _run("pytest", [sys.executable, "-m", "pytest", *arguments], say)


def test(arguments: Sequence[str], say: Callable[[str], None]) -> int:
    """With arguments, pytest alone gets them."""
    if arguments:
        return pytest(arguments, say)
    return lint(say) or pytest([], say)


def chaos(arguments: Sequence[str], say: Callable[[str], None]) -> int:
    if not (ROOT / "tests" / "chaos").is_dir():
        raise OpsError("The faults are in tests/chaos, which an image does not hold; run this from a clone.")
    return _run("chaos", [sys.executable, "-m", "tests.chaos", *arguments], say)


def load(arguments: Sequence[str]) -> NoReturn:
    """In our place, so that Ctrl-C is for it alone."""
    if not (ROOT / "load").is_dir():
        raise OpsError("The load is in load/, which an image does not hold; run this from a clone.")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    os.execve(sys.executable, [sys.executable, "-m", "load", *arguments], environment)  # noqa: S606  our own Python


def _run(name: str, command: Sequence[str], say: Callable[[str], None]) -> int:
    began = time.monotonic()
    path = f"{_PROGRAMS}:{os.environ.get('PATH', os.defpath)}"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PATH": path}
    code = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
    say(f"{name}: {'ok' if code == 0 else f'failed with {code}'} in {time.monotonic() - began:.1f} s")
    return code
