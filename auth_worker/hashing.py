"""Argon2id in processes of its own: a thread that steps back for others would hold the interpreter while it waits."""

import multiprocessing
import os
import threading
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

Parameters = tuple[int, int, int]
"""Memory in KiB, passes, lanes."""

_NICENESS = 10


def begin() -> None:
    """A hash may wait for a core: refreshing a session on the same machine shall not wait for a hash."""
    os.nice(_NICENESS)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Whoever is killed tells nobody."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(0)


@cache
def hasher(parameters: Parameters) -> PasswordHasher:
    memory, passes, lanes = parameters
    return PasswordHasher(time_cost=passes, memory_cost=memory, parallelism=lanes)


def hash_password(parameters: Parameters, password: str) -> str:
    return hasher(parameters).hash(password)


def matches(parameters: Parameters, hashed: str, password: str) -> bool:
    try:
        return hasher(parameters).verify(hashed, password)
    except (VerifyMismatchError, InvalidHashError):
        return False
