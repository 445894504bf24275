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

from tests.chaos.load import at_rate
from tests.running import PASSWORD, Running

Kind = Literal["create", "update", "read", "share", "login"]

_RESENT = 0.25
_MIX: dict[Kind, float] = {"create": 0.35, "update": 0.2, "read": 0.37, "share": 0.05, "login": 0.03}
_CHANGES: frozenset[Kind] = frozenset({"create", "update"})
_AUDIENCE = "grace"


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
    replayed: bool = False

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
        self._unshared: list[str] = []
        self._ending = False
        self.attempts: list[Attempt] = []

    @property
    def changes(self) -> Iterator[Attempt]:
        return (attempt for attempt in self.attempts if attempt.kind in _CHANGES)

    def statuses(self, since: int = 0, kind: Kind | None = None) -> Counter[int | None]:
        """Of the attempts from number `since` on that have ended."""
        ended = (attempt for attempt in self.attempts[since:] if attempt.ended)
        return Counter(attempt.status for attempt in ended if kind in (None, attempt.kind))

    def acknowledged(self) -> int:
        return sum(1 for attempt in self.changes if attempt.status in (200, 201))

    async def run(self) -> None:
        await at_rate(self._rate, self._act, ending=lambda: self._ending)

    def end(self) -> None:
        self._ending = True

    async def _act(self) -> None:
        [kind] = self._random.choices(list(_MIX), list(_MIX.values()))
        title = f"chaos {uuid4()}"
        resent = kind == "create" and self._random.random() < _RESENT
        if (kind == "update" and not self._ids) or (kind == "share" and not self._unshared):
            kind = "create"
        target = ""
        if kind == "update":
            target = self._random.choice(self._ids)
        elif kind == "share":
            target = self._unshared.pop()
        await asyncio.gather(*(self._attempt(kind, title, target) for _ in range(1 + resent)))

    async def _attempt(self, kind: Kind, title: str, target: str) -> None:
        attempt = Attempt(kind, title, time.time(), time.monotonic())
        self.attempts.append(attempt)
        method, path, body = {
            "create": ("POST", "/v1/tasks", {"title": title}),
            "update": ("PATCH", f"/v1/tasks/{target}", {"title": title}),
            "read": ("GET", "/v1/tasks?limit=5", None),
            "share": ("POST", f"/v1/tasks/{target}/share", {"shared_with_username": _AUDIENCE}),
            "login": ("POST", "/v1/auth/login", {"username": "ada", "password": PASSWORD}),
        }[kind]
        headers = {"Authorization": f"Bearer {self.token}"}
        if kind in _CHANGES:
            headers["Idempotency-Key"] = title.replace(" ", "-")
        try:
            async with self._running.http.request(method, path, json=body, headers=headers) as response:
                text = await response.read()
                attempt.status, attempt.media_type = response.status, response.content_type
                attempt.retry_after = response.headers.get("Retry-After", "")
                attempt.replayed = "Idempotency-Replayed" in response.headers
        except (aiohttp.ClientError, OSError):
            attempt.ended = time.monotonic()
            return
        attempt.ended = time.monotonic()
        attempt.answer = json.loads(text) if text else {}
        if kind == "login" and attempt.status == 200:
            # A token is good for a quarter of an hour, and a soak lasts longer.
            self.token = str(attempt.answer["access_token"])
        if kind == "create" and attempt.status == 201:
            self._ids.append(str(attempt.answer["id"]))
            if not attempt.replayed:
                self._unshared.append(str(attempt.answer["id"]))
