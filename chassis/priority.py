import os
from contextlib import suppress
from pathlib import Path


def give_way(niceness: int, *, leader: int) -> None:
    """The process that leads a session lets the others on its machine go first.

    Where Linux shares its cores among sessions first (autogroups), niceness alone counts only within one.
    """
    os.setpriority(os.PRIO_PROCESS, leader, max(niceness, os.getpriority(os.PRIO_PROCESS, leader)))
    with suppress(OSError):
        Path(f"/proc/{leader}/autogroup").write_text(str(niceness))
