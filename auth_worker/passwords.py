"""Argon2id in a bounded pool, which refuses rather than queues without end."""

import asyncio
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from auth_worker import metrics
from chassis.errors import Unavailable
from contracts.problems import OVERLOADED

T = TypeVar("T")

_WAIT = 1.5  # seconds
_QUEUE_PER_THREAD = 4
_NICENESS = 10


def _step_back() -> None:
    """A hash may wait for a core: refreshing a session on the same machine shall not wait for a hash."""
    if sys.platform == "linux":  # elsewhere a thread has the priority of its process
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)


class Passwords:
    """As many threads as cores: a hash keeps a core busy, and more of them only adds latency and memory."""

    def __init__(self, *, memory: int, passes: int, lanes: int) -> None:
        """`memory` in KiB."""
        threads = os.cpu_count() or 1
        self._hasher = PasswordHasher(time_cost=passes, memory_cost=memory, parallelism=lanes)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="argon2", initializer=_step_back)
        self._turns = asyncio.Semaphore(threads)
        self._queued = 0
        self._max_queued = threads * _QUEUE_PER_THREAD
        # Verified in place of the hash that an unknown account does not have, so that both cost the same.
        self._nobodys_hash = self._hasher.hash("nobody has this password")
        metrics.HASH_WORKERS.set(threads)

    async def hash(self, password: str) -> str:
        return await self._run(lambda: self._hasher.hash(password))

    async def verify(self, password: str, hashed: str | None) -> bool:
        """None is an account that does not exist: always false, and no faster."""
        matches = await self._run(lambda: self._matches(hashed or self._nobodys_hash, password))
        return matches and hashed is not None

    def is_outdated(self, hashed: str) -> bool:
        return self._hasher.check_needs_rehash(hashed)

    def _matches(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password)
        except (VerifyMismatchError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], T]) -> T:
        if self._queued >= self._max_queued:
            raise Unavailable(OVERLOADED, "too many passwords wait to be hashed")
        self._queued += 1
        metrics.HASH_QUEUED.set(self._queued)
        try:
            async with asyncio.timeout(_WAIT):
                await self._turns.acquire()
        except TimeoutError as error:
            raise Unavailable(OVERLOADED, "passwords are hashed too slowly") from error
        finally:
            self._queued -= 1
            metrics.HASH_QUEUED.set(self._queued)
        try:
            with metrics.HASH_BUSY.track_inprogress(), metrics.HASH_DURATION.time():
                return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._turns.release()
