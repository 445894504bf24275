"""The log files of the stack, on the terminal."""

import asyncio
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from ops.errors import OpsError
from ops.state import logs_folder, state_folder
from ops.unprivileged import account, reachable

Show = Callable[[str, str], None]
_PAUSE = 0.2  # seconds


def log_files() -> dict[str, Path]:
    who = account()
    servers = {name: reachable(state_folder() / name, who) / f"{name}.log" for name in ("postgres", "rabbitmq")}
    files = {path.stem: path for path in sorted(logs_folder().glob("*.log"))}
    return files | {name: path for name, path in servers.items() if path.exists()}


def chosen(service: str | None) -> dict[str, Path]:
    files = log_files()
    if service is None:
        return files
    if service not in files:
        known = ", ".join(files) or "none yet"
        raise OpsError(f"There is no log of {service!r}. There are logs of: {known}.")
    return {service: files[service]}


class _Reading:
    """Whole lines of one file, from where the last call ended."""

    def __init__(self, path: Path, position: int) -> None:
        self._path = path
        self._position = position
        self._begun = b""

    def lines(self) -> list[str]:
        try:
            with self._path.open("rb") as file:
                if self._position > os.fstat(file.fileno()).st_size:  # a new file took its place
                    self._position = 0
                file.seek(self._position)
                content = file.read()
        except FileNotFoundError:
            return []
        self._position += len(content)
        *whole, self._begun = (self._begun + content).split(b"\n")
        return [line.decode(errors="replace") for line in whole]


def show(files: Mapping[str, Path], line: Show) -> None:
    for name, path in files.items():
        for text in path.read_text(errors="replace").splitlines():
            line(name, text)


async def follow(files: Callable[[], Mapping[str, Path]], line: Show) -> None:
    """From now on, and files that appear later from their beginning."""
    readings = {name: _Reading(path, path.stat().st_size) for name, path in files().items()}
    while True:
        for name, path in files().items():
            reading = readings.setdefault(name, _Reading(path, 0))
            for text in reading.lines():
                line(name, text)
        await asyncio.sleep(_PAUSE)
