import os
import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest

from chassis.priority import give_way


def test_it_gives_way_within_its_session_and_among_sessions() -> None:
    """Several at once, of which Linux lets only root change more than one in a tenth of a second."""
    with ExitStack() as stack:
        leaders = [
            stack.enter_context(subprocess.Popen("cat", stdin=subprocess.PIPE, start_new_session=True)).pid
            for _ in range(3)
        ]
        for leader in leaders:
            give_way(7, leader=leader)
            assert os.getpriority(os.PRIO_PROCESS, leader) == max(7, os.getpriority(os.PRIO_PROCESS, 0))
        among_sessions = [Path(f"/proc/{leader}/autogroup") for leader in leaders]
        if not among_sessions[0].exists():
            pytest.skip("this machine has no groups of sessions")
        assert [group.read_text().split()[-2:] for group in among_sessions] == [["nice", "7"]] * 3
