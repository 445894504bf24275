"""Argon2id in a bounded pool, which refuses rather than queues without end."""

import asyncio
import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from functools import partial
from typing import TypeVar

import structlog

from auth_worker import hashing, metrics
from chassis.errors import Unavailable
from contracts.problems import OVERLOADED

log = structlog.get_logger()

T = TypeVar("T")

_WAIT = 1.5  # seconds
_QUEUE_PER_PROCESS = 8


class Passwords:
    """As many processes as cores: a hash keeps a core busy, and more of them only adds latency and memory."""

    def __init__(self, *, memory: int, passes: int, lanes: int) -> None:
        """`memory` in KiB."""
        self._parameters = (memory, passes, lanes)
        self._size = os.cpu_count() or 1
        self._processes = self._start()
        self._turns = asyncio.Semaphore(self._size)
        self._queued = 0
        self._max_queued = self._size * _QUEUE_PER_PROCESS
        # Verified in place of the hash that an unknown account does not have, so that both cost the same.
        self._nobodys_hash = hashing.hash_password(self._parameters, "nobody has this password")
        metrics.HASH_WORKERS.set(self._size)

    def _start(self) -> ProcessPoolExecutor:
        spawn = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(self._size, spawn, initializer=hashing.begin)

    async def hash(self, password: str) -> str:
        return await self._run(partial(hashing.hash_password, self._parameters, password))

    async def verify(self, password: str, hashed: str | None) -> bool:
        """None is an account that does not exist: always false, and no faster."""
        matches = await self._run(partial(hashing.matches, self._parameters, hashed or self._nobodys_hash, password))
        return matches and hashed is not None

    def is_outdated(self, hashed: str) -> bool:
        return hashing.hasher(self._parameters).check_needs_rehash(hashed)

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
                return await self._hash_in(self._processes, work)
        finally:
            self._turns.release()

    async def _hash_in(self, processes: ProcessPoolExecutor, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(processes, work)
        except BrokenExecutor as error:
            # One was killed, and those who were with it are refused; the next find others.
            if processes is self._processes:
                log.warning("the processes that hash passwords start again")
                self._processes = self._start()
            raise Unavailable(OVERLOADED, "a process that hashes passwords has died") from error
