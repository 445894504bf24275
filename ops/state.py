"""What the running stack says about itself, in `state.json`; `status` and `down` read it."""

import json
import os
from pathlib import Path
from typing import TypedDict, cast

from ops.errors import OpsError
from ops.processes import still_runs
from ops.unprivileged import make_passable, write_private

ROOT = Path(__file__).resolve().parent.parent


class ServiceState(TypedDict):
    state: str
    pid: int | None
    started: str | None
    restarts: int
    url: str | None
    metrics_url: str | None


class StackState(TypedDict):
    state: str
    pid: int
    started: str
    ports: dict[str, int]
    services: dict[str, ServiceState]
    urls: dict[str, str]


def state_folder() -> Path:
    return Path(os.environ.get("TASKMESH_STATE") or ROOT / ".taskmesh").absolute()


def cache_folder() -> Path:
    return state_folder() / "cache"


def logs_folder() -> Path:
    return state_folder() / "logs"


def make_logs_folder() -> Path:
    make_passable(state_folder())
    logs_folder().mkdir(mode=0o700, exist_ok=True)
    return logs_folder()


def _path() -> Path:
    return state_folder() / "state.json"


def read_state() -> StackState | None:
    try:
        return cast("StackState", json.loads(_path().read_text()))
    except FileNotFoundError:
        return None
    except (ValueError, PermissionError) as unreadable:
        raise OpsError(
            f"{_path()} cannot be read: {unreadable}. Remove it, or start as the user who wrote it."
        ) from None


def write_state(state: StackState) -> None:
    make_passable(state_folder())
    write_private(_path(), json.dumps(state, indent=2))


def running_state() -> StackState | None:
    """None when nothing runs, whatever an interrupted run wrote."""
    state = read_state()
    return state if state and still_runs(state["pid"], state["started"]) else None
