"""Argon2id in a bounded pool, which refuses rather than queues without end."""

import asyncio
import json
import os
import sys
from typing import cast

import structlog
from argon2 import PasswordHasher

from auth_worker import metrics
from chassis.errors import Unavailable
from contracts.problems import OVERLOADED

log = structlog.get_logger()

_WAIT = 1.5  # seconds
_QUEUE_PER_PROCESS = 8


class _Process:
    """Hashes one password after another. Started when it is needed, and again when it has died."""

    def __init__(self, *parameters: int) -> None:
        self._parameters = parameters
        self._process: asyncio.subprocess.Process | None = None

    async def ask(self, password: str, hashed: str | None) -> str | bool:
        """The hash, or whether it matches the one that is given."""
        if self._process is None:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "auth_worker.hashing", *map(str, self._parameters)),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                start_new_session=True,
            )
        answer = b""
        try:
            cast("asyncio.StreamWriter", self._process.stdin).write(json.dumps([password, hashed]).encode() + b"\n")
            answer = await cast("asyncio.StreamReader", self._process.stdout).readline()
        finally:
            # Also when nobody waits any longer: the next one would get this answer.
            if not answer:
                await self.end()
        if not answer:
            log.warning("a process that hashes passwords has died")
            raise Unavailable(OVERLOADED, "a process that hashes passwords has died")
        return cast("str | bool", json.loads(answer))

    async def end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            if process.returncode is None:
                process.kill()
            await process.communicate()


class Passwords:
    """As many processes as cores: a hash keeps a core busy, and more of them only adds latency and memory."""

    def __init__(self, *, memory: int, passes: int, lanes: int) -> None:
        """`memory` in KiB."""
        size = os.cpu_count() or 1
        self._hasher = PasswordHasher(time_cost=passes, memory_cost=memory, parallelism=lanes)
        self._processes = [_Process(memory, passes, lanes) for _ in range(size)]
        self._turns = asyncio.Semaphore(size)
        self._queued = 0
        self._max_queued = size * _QUEUE_PER_PROCESS
        # Verified in place of the hash that an unknown account does not have, so that both cost the same.
        self._nobodys_hash = self._hasher.hash("nobody has this password")
        metrics.HASH_WORKERS.set(size)

    async def aclose(self) -> None:
        for process in self._processes:
            await process.end()

    async def hash(self, password: str) -> str:
        return cast("str", await self._ask(password, None))

    async def verify(self, password: str, hashed: str | None) -> bool:
        """None is an account that does not exist: always false, and no faster."""
        return await self._ask(password, hashed or self._nobodys_hash) is True and hashed is not None

    def is_outdated(self, hashed: str) -> bool:
        return self._hasher.check_needs_rehash(hashed)

    async def _ask(self, password: str, hashed: str | None) -> str | bool:
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
        process = self._processes.pop()
        try:
            with metrics.HASH_BUSY.track_inprogress(), metrics.HASH_DURATION.time():
                return await process.ask(password, hashed)
        finally:
            self._processes.append(process)
            self._turns.release()
