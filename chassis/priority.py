import os
import time
from contextlib import suppress
from pathlib import Path

_ATTEMPTS, _PAUSE = 20, 0.1  # seconds; only root may change more than one session in that time


def give_way(niceness: int, *, leader: int) -> None:
    """The process that leads a session lets the others on its machine go first.

    Where Linux shares its cores among sessions first (autogroups), niceness alone counts only within one.
    """
    with suppress(ProcessLookupError):
        os.setpriority(os.PRIO_PROCESS, leader, max(niceness, os.getpriority(os.PRIO_PROCESS, leader)))
    with suppress(OSError):
        _give_way_among_sessions(niceness, Path(f"/proc/{leader}/autogroup"))


def _give_way_among_sessions(niceness: int, group: Path) -> None:
    for _ in range(_ATTEMPTS):
        with suppress(BlockingIOError):
            group.write_text(str(niceness))
            return
        time.sleep(_PAUSE)
