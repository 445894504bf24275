"""Requests at a fixed rate, whatever becomes of them, and an account of every attempt."""

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal
from uuid import uuid4

import aiohttp

from tests.running import Running

Kind = Literal["create", "update", "read"]

_RESENT = 0.25
_MIX: dict[Kind, float] = {"create": 0.4, "update": 0.2, "read": 0.4}


@dataclass
class Attempt:
    kind: Kind
    title: str
    """Of a change: new, and never used twice."""
    wall: float
    started: float
    status: int | None = None
    """None: the connection broke."""
    ended: float = 0.0
    answer: dict[str, object] = field(default_factory=dict)
    media_type: str = ""
    retry_after: str = ""

    @property
    def seconds(self) -> float:
        return self.ended - self.started


class Traffic:
    def __init__(self, running: Running, token: str, *, rate: float, seed: int) -> None:
        self._running = running
        self.token = token
        self._rate = rate
        self._random = random.Random(seed)
        self._ids: list[str] = []
        self._ending = False
        self.attempts: list[Attempt] = []

    @property
    def changes(self) -> Iterator[Attempt]:
        return (attempt for attempt in self.attempts if attempt.kind != "read")

    def statuses(self, since: int = 0, kind: Kind | None = None) -> Counter[int | None]:
        """Of the attempts from number `since` on that have ended."""
        ended = (attempt for attempt in self.attempts[since:] if attempt.ended)
        return Counter(attempt.status for attempt in ended if kind in (None, attempt.kind))

    def acknowledged(self) -> int:
        return sum(1 for attempt in self.changes if attempt.status in (200, 201))

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        async with asyncio.TaskGroup() as group:
            while not self._ending:
                group.create_task(self._act())
                due += 1 / self._rate
                await asyncio.sleep(max(0.0, due - loop.time()))

    def end(self) -> None:
        self._ending = True

    async def _act(self) -> None:
        [kind] = self._random.choices(list(_MIX), list(_MIX.values()))
        title = f"chaos {uuid4()}"
        resent = kind == "create" and self._random.random() < _RESENT
        if kind == "read" or not self._ids:
            kind = "read" if kind == "read" else "create"
        target = self._random.choice(self._ids) if kind == "update" else ""
        await asyncio.gather(*(self._attempt(kind, title, target) for _ in range(1 + resent)))

    async def _attempt(self, kind: Kind, title: str, target: str) -> None:
        attempt = Attempt(kind, title, time.time(), time.monotonic())
        self.attempts.append(attempt)
        method, path = {
            "create": ("POST", "/v1/tasks"),
            "update": ("PATCH", f"/v1/tasks/{target}"),
            "read": ("GET", "/v1/tasks?limit=5"),
        }[kind]
        headers = {"Authorization": f"Bearer {self.token}"}
        if kind != "read":
            headers["Idempotency-Key"] = title.replace(" ", "-")
        if kind == "update":
            headers["Content-Type"] = "application/merge-patch+json"
        body = None if kind == "read" else json.dumps({"title": title})
        if kind == "create":
            headers["Content-Type"] = "application/json"
        try:
            async with self._running.http.request(method, path, data=body, headers=headers) as response:
                text = await response.read()
                attempt.status, attempt.media_type = response.status, response.content_type
                attempt.retry_after = response.headers.get("Retry-After", "")
        except (aiohttp.ClientError, OSError):
            attempt.ended = time.monotonic()
            return
        attempt.ended = time.monotonic()
        attempt.answer = json.loads(text) if text else {}
        if kind == "create" and attempt.status == 201:
            self._ids.append(str(attempt.answer["id"]))
