import os
import re
import subprocess
from pathlib import Path

import pytest

from chassis.priority import give_way


def test_it_gives_way_within_its_session_and_among_sessions() -> None:
    with subprocess.Popen("cat", stdin=subprocess.PIPE, start_new_session=True) as process:
        give_way(7, leader=process.pid)
        assert os.getpriority(os.PRIO_PROCESS, process.pid) == max(7, os.getpriority(os.PRIO_PROCESS, 0))
        among_sessions = Path(f"/proc/{process.pid}/autogroup")
        if not among_sessions.exists():
            pytest.skip("this machine has no groups of sessions")
        assert re.search(r" nice 7$", among_sessions.read_text().strip())
