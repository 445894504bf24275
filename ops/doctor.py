"""What this machine has and lacks, each with its remedy."""

import os
import platform
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Literal

from ops import postgres_files, rabbitmq_files
from ops.errors import OpsError
from ops.ports import is_free
from ops.state import cache_folder, running_state, state_folder
from ops.unprivileged import Account, account
from ops.wiring import parse_replicas, wanted_ports

_OPEN_FILES = 1_024
_DISK = 1_000_000_000  # bytes
_MEMORY = 1_500_000_000  # bytes

State = Literal["ok", "warn", "fail"]
Finding = Mapping[str, str]


def _finding(state: State, subject: str, finding: str, remedy: str = "") -> Finding:
    return {"state": state, "subject": subject, "finding": finding, "remedy": remedy if state != "ok" else ""}


def _python() -> Finding:
    return _finding("ok" if sys.version_info >= (3, 11) else "fail", "Python", platform.python_version(), "Use 3.11.")


def _uv() -> Finding:
    uv = shutil.which("uv") or next((str(path) for path in (state_folder() / "uv/bin").glob("uv")), None)
    return _finding("ok" if uv else "warn", "uv", uv or "not found", "The script `taskmesh` fetches it by itself.")


def _disk() -> Finding:
    existing = next(path for path in (state_folder(), *state_folder().parents) if path.exists())
    free = shutil.disk_usage(existing).free
    return _finding(
        "ok" if free > _DISK else "fail",
        "disk",
        f"{free / 1e9:.1f} GB free at {existing}",
        "RabbitMQ stops taking messages when the disk is nearly full. Make room, or set TASKMESH_STATE.",
    )


def _open_files() -> Finding:
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _finding(
        "ok" if limit >= _OPEN_FILES else "warn",
        "open files",
        str(limit),
        f"Allow more: `ulimit -n {4 * _OPEN_FILES}`.",
    )


def _memory() -> Finding:
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return _finding(
        "ok" if total > _MEMORY else "warn", "memory", f"{total / 1e9:.1f} GB", "All of it takes about 1 GB."
    )


def _ports() -> Finding:
    if running_state():
        return _finding("ok", "ports", "in use by the stack that runs here")
    taken = [str(port) for port in wanted_ports(parse_replicas([])).values() if not is_free(port)]
    return _finding(
        "warn" if taken else "ok",
        "ports",
        f"taken: {', '.join(taken)}" if taken else "all preferred ones are free",
        "Nothing need be done: `up` chooses others and says which.",
    )


def _postgres(who: Account) -> Finding:
    try:
        found = postgres_files.find(cache_folder(), who)
    except OpsError as missing:
        return _finding("fail", "Postgres", "not found", str(missing))
    return _finding("ok", "Postgres", f"{found.version}, {found.way}, {found.programs}")


def _rabbitmq(who: Account) -> Finding:
    if rabbitmq_files.would_download(cache_folder(), who):
        return _finding("ok", "RabbitMQ", "will be fetched from the package archive at the first `up` (33 MB)")
    try:
        found = rabbitmq_files.find(cache_folder(), who)
    except OpsError as missing:
        return _finding("fail", "RabbitMQ", "not found", str(missing))
    return _finding("ok", "RabbitMQ", f"{found.version}, {found.way}, {found.server}")


def _privileges(who: Account) -> Finding:
    if os.geteuid() != 0:
        return _finding("ok", "privileges", "an ordinary user, which is all it takes")
    done = subprocess.run(["true"], check=False, user=who.user, group=who.group, extra_groups=[], cwd="/")
    return _finding("ok" if done.returncode == 0 else "fail", "privileges", "root; the servers run as `nobody`")


def _locale() -> Finding:
    if sys.platform == "darwin":
        return _finding("ok", "locale", "C")
    listed = subprocess.run(["locale", "-a"], capture_output=True, text=True, check=False).stdout.lower()
    return _finding(
        "ok" if "c.utf8" in listed or "c.utf-8" in listed else "warn",
        "locale",
        "C.UTF-8" if "c.utf" in listed else "no C.UTF-8",
        "Postgres before 17 needs it: `apt-get install locales`.",
    )


def _state_folder() -> Finding:
    folder = state_folder()
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    remedy = "Set TASKMESH_STATE to a folder that you may write to."
    return _finding("ok" if os.access(existing, os.W_OK) else "fail", "state folder", str(folder), remedy)


def _guarded(subject: str, examine: Callable[[], Finding]) -> Finding:
    try:
        return examine()
    except (OSError, subprocess.SubprocessError) as problem:
        return _finding("fail", subject, str(problem), "This is needed to start the servers.")


def examine() -> list[Finding]:
    findings = [_python(), _uv(), _state_folder(), _disk(), _open_files(), _memory(), _ports(), _locale()]
    try:
        who = account()
    except OpsError as problem:
        return [*findings, _finding("fail", "privileges", "root, and no user `nobody`", str(problem))]
    return [
        *findings,
        _guarded("privileges", lambda: _privileges(who)),
        _guarded("Postgres", lambda: _postgres(who)),
        _guarded("RabbitMQ", lambda: _rabbitmq(who)),
    ]
