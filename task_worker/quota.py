from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Quota:
    """Files that are deleted count until their bytes are erased."""

    files_per_task: int
    bytes_per_owner: int
