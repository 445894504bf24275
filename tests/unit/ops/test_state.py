import os
from pathlib import Path

import pytest

from ops import processes
from ops.errors import OpsError
from ops.state import StackState, read_state, running_state, state_folder, write_state
from ops.unprivileged import Account, write_private


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKMESH_STATE", str(tmp_path / "state"))


def state(pid: int, started: str) -> StackState:
    return StackState(state="ready", pid=pid, started=started, ports={"gateway": 8080}, services={}, urls={})


def test_nothing_runs_before_the_first_start() -> None:
    assert read_state() is None
    assert running_state() is None


def test_a_running_supervisor_is_recognised_by_its_start() -> None:
    me = processes.find(os.getpid())
    assert me
    write_state(state(me.pid, me.started))
    assert running_state() == state(me.pid, me.started)
    assert (state_folder() / "state.json").stat().st_mode & 0o077 == 0


def test_another_process_with_the_same_pid_is_not_taken_for_it() -> None:
    write_state(state(os.getpid(), "at another time"))
    assert running_state() is None
    assert read_state()


def test_a_state_that_cannot_be_read_says_what_to_do() -> None:
    write_state(state(1, ""))
    (state_folder() / "state.json").write_text("{")
    with pytest.raises(OpsError, match="Remove it"):
        read_state()


def test_a_private_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for text in ("first", "second"):
        write_private(path, text)
    assert path.read_text() == "second"
    assert list(tmp_path.glob(".file*")) == []


def test_a_folder_behind_a_closed_one_is_out_of_reach(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    stranger = Account(os.geteuid() + 1, os.getegid() + 1)
    assert not stranger.reaches(closed / "inner")
