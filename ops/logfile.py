import os
from pathlib import Path

_LARGEST = 10_000_000  # bytes


def last_lines(path: Path, count: int = 20) -> str:
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - 64_000))
            return b"\n".join(file.read().splitlines()[-count:]).decode(errors="replace")
    except FileNotFoundError:
        return "(nothing was logged)"


def rotate(path: Path) -> None:
    """One older file is kept."""
    if path.exists() and path.stat().st_size > _LARGEST:
        path.replace(path.with_name(path.name + ".1"))
