import signal
import subprocess
import sys

import pytest

from chassis import failpoints


def run(armed: str, *reached: str) -> tuple[int, str]:
    script = f"""
from chassis import failpoints
failpoints.arm({armed!r})
for name in {reached!r}:
    failpoints.reach(name)
    print(name, flush=True)
"""
    finished = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    return finished.returncode, finished.stdout


@pytest.mark.parametrize("armed", ["b=kill", "b=kill,d=kill", ",b=kill,"])
def test_a_process_dies_where_it_was_told_to(armed: str) -> None:
    assert run(armed, "a", "b", "c") == (-signal.SIGKILL, "a\n")


def test_without_a_failpoint_nobody_dies() -> None:
    assert run("", "a", "b") == (0, "a\nb\n")


@pytest.mark.parametrize("text", ["a", "a=", "a=sleep", "a=kill,b"])
def test_an_action_that_nobody_knows_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="knows no action"):
        failpoints.arm(text)
