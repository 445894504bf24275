"""Postgres refuses to run as root and RabbitMQ should: as root, both run as `nobody`."""

import hashlib
import os
import pwd
import shutil
import stat
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from ops.errors import OpsError

_ELSEWHERE = Path("/var/tmp")  # noqa: S108  # each folder in it is checked to be ours


class Credentials(TypedDict, total=False):
    """What `create_subprocess_exec` needs to start a process as somebody else."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True)
class Account:
    user: int
    group: int

    @property
    def credentials(self) -> Credentials:
        if self.user == os.geteuid():
            return {}
        return {"user": self.user, "group": self.group, "extra_groups": []}

    def own(self, path: Path) -> None:
        if self.user != os.geteuid():
            os.chown(path, self.user, self.group)

    def own_tree(self, folder: Path) -> None:
        for path in (folder, *folder.rglob("*")):
            self.own(path)

    def reaches(self, folder: Path) -> bool:
        """Whether this account may step into `folder`, or into the closest ancestor that exists."""
        if self.user == os.geteuid():
            return True
        absolute = folder.absolute()
        existing = [path for path in (absolute, *absolute.parents) if path.exists()]
        return all(path.stat().st_mode & stat.S_IXOTH or path.stat().st_uid == self.user for path in existing)


def account() -> Account:
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError as missing:
        raise OpsError(
            "Postgres and RabbitMQ must not run as root, and this machine has no user `nobody` to run them as. "
            "Start taskmesh as an ordinary user."
        ) from missing
    return Account(nobody.pw_uid, nobody.pw_gid)


def reachable(folder: Path, who: Account) -> Path:
    """`folder`, or a place for it under /var/tmp when `who` may not step into it (a checkout in /root, say)."""
    folder = folder.absolute()
    if who.reaches(folder):
        return folder
    return _ELSEWHERE / f"taskmesh-{hashlib.sha256(os.fsencode(folder.parent)).hexdigest()[:12]}" / folder.name


def make_passable(folder: Path) -> None:
    """Others may step through it, whatever the umask, but not list it."""
    for missing in reversed([path for path in (folder, *folder.parents) if not path.exists()]):
        missing.mkdir(exist_ok=True)
        missing.chmod(0o711)
    for place in folder.parents:
        if place.parent == _ELSEWHERE and place.name.startswith("taskmesh-"):
            _insist_on_ours(place)


def _insist_on_ours(place: Path) -> None:
    """Its name can be guessed, and anybody may make folders beside it."""
    found = place.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise OpsError(f"{place} belongs to somebody else. Remove it, or set TASKMESH_STATE to a folder of your own.")


def make_private(folder: Path, who: Account) -> None:
    make_passable(folder)
    folder.chmod(0o700)
    who.own(folder)


def write_private(path: Path, text: str, who: Account | None = None) -> None:
    """All or nothing, and readable by its owner alone from the first byte."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.unlink(missing_ok=True)
    with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:  # noqa: PTH123
        file.write(text)
    if who:
        who.own(unfinished)
    unfinished.replace(path)


def forget(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
    if folder.parent.parent == _ELSEWHERE:
        with suppress(OSError):  # others are still in it
            folder.parent.rmdir()


def minimal_environment(folder: Path, extra: Mapping[str, str]) -> dict[str, str]:
    """Nothing of the caller's settings (PGDATA, RABBITMQ_*, ...) reaches a private server."""
    return {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(folder), "LANG": "C.UTF-8", **extra}
