"""What a load consists of. Each prepares what it needs, and then says what to send next."""

import asyncio
import itertools
import random
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Literal

import orjson

from load.account import Account, expect, login, register
from load.requests import MERGE_PATCH, Request, Requests

Yardstick = Literal["direct", "argon2"]

_LISTED = 1000
_CHANGED = 200
"""Tasks that are changed in turn, so that changes seldom meet on one row."""
_PEOPLE = 20
_AT_ONCE = 16
_WORDS = ("water", "greenhouse", "orchid", "ledger", "engine", "harbour", "lantern", "meadow", "quarry", "signal")


@dataclass(frozen=True)
class Scenario:
    says: str
    prepare: Callable[[Account], Awaitable[Requests]]
    yardstick: Yardstick | None = None
    """What does the same without Taskmesh."""


def creation(number: int) -> Request:
    title = f"{_WORDS[number % len(_WORDS)].title()} number {number}"
    body = {"title": title, "description": "What has to be done every week.", "priority": "medium", "tags": ["load"]}
    return Request("POST", "/v1/tasks", orjson.dumps(body))


async def _create(account: Account, count: int) -> list[str]:
    """Their ids. A few at a time, so that preparing is no load of its own."""
    turns = asyncio.Semaphore(_AT_ONCE)

    async def one(number: int) -> str:
        async with turns:
            answer = expect(await account.send(creation(number)), "Creating a task")
        return str(orjson.loads(answer.body)["id"])

    return list(await asyncio.gather(*map(one, range(count))))


async def _create_load(_: Account) -> Requests:
    numbers = itertools.count()
    return lambda: creation(next(numbers))


async def _list(account: Account) -> Requests:
    await _create(account, _LISTED)
    return lambda: Request("GET", "/v1/tasks?limit=50")


async def _search(account: Account) -> Requests:
    await _create(account, _LISTED)
    words = itertools.cycle(_WORDS)
    return lambda: Request("GET", f"/v1/tasks?search={next(words)}&limit=50")


async def _get(account: Account) -> Requests:
    return _each(await _create(account, _CHANGED), _shown)


async def _patch(account: Account) -> Requests:
    return _each(await _create(account, _CHANGED), _patched)


async def _comment(account: Account) -> Requests:
    return _each(await _create(account, _CHANGED), _commented)


async def _stats(account: Account) -> Requests:
    await _create(account, _CHANGED)
    return lambda: Request("GET", "/v1/tasks/stats")


async def _login(account: Account) -> Requests:
    names = itertools.cycle([await register(account.client) for _ in range(_PEOPLE)])
    return lambda: login(next(names))


async def _mixed(account: Account) -> Requests:
    tasks = await _create(account, _LISTED)
    numbers = itertools.count(_LISTED)
    shown, patched = _each(tasks, _shown), _each(tasks, _patched)
    kinds: tuple[Requests, ...] = (
        shown,
        lambda: Request("GET", "/v1/tasks?limit=50"),
        lambda: creation(next(numbers)),
        patched,
    )
    drawn = random.Random(1).choices(kinds, (60, 30, 5, 5), k=1000)  # noqa: S311  the same mix in every run
    mix = itertools.cycle(drawn)
    return lambda: next(mix)()  # noqa: PLW0108  another one each time


def _shown(task: str, _: int) -> Request:
    return Request("GET", f"/v1/tasks/{task}")


def _patched(task: str, number: int) -> Request:
    return Request("PATCH", f"/v1/tasks/{task}", orjson.dumps({"title": f"Change {number}"}), MERGE_PATCH)


def _commented(task: str, number: int) -> Request:
    return Request("POST", f"/v1/tasks/{task}/comments", orjson.dumps({"content": f"Remark {number}"}))


def _each(tasks: Iterable[str], request: Callable[[str, int], Request]) -> Requests:
    turn, numbers = itertools.cycle(tasks), itertools.count()
    return lambda: request(next(turn), next(numbers))


SCENARIOS = {
    "create": Scenario("create tasks", _create_load, "direct"),
    "list-50": Scenario("a page of 50 of 1,000 tasks", _list, "direct"),
    "get": Scenario("one of 200 tasks", _get, "direct"),
    "patch": Scenario("a new title for one of 200 tasks", _patch),
    "comment": Scenario("a comment on one of 200 tasks", _comment),
    "stats": Scenario("the statistics of 200 tasks", _stats),
    "search": Scenario("a word of every tenth of 1,000 tasks", _search),
    "login": Scenario("log-ins of 20 people", _login, "argon2"),
    "mixed": Scenario("60 % get, 30 % list, 5 % create, 5 % patch", _mixed),
}
