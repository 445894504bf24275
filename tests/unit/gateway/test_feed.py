"""What a listener is told, and how its stream ends."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID, uuid4

import aiohttp
import pytest

from contracts.feed import FeedEvent
from gateway.app import build
from gateway.feed import Feed, Reason, Subscription, frame
from gateway.state import FEED, KEYS
from tests.eventually import eventually
from tests.integration.gateway.event_reader import read_events
from tests.unit.gateway.serving import Served, Signer, settings_of

ADA = uuid4()


def event(position: int, type_: str = "tasks.task_created.v1", task_id: UUID | None = None) -> FeedEvent:
    return FeedEvent(position=position, id=uuid4(), type=type_, task_id=task_id, readers=(ADA,), text='{"data":{}}')


def subscribe(*types: str, task_id: UUID | None = None) -> Subscription:
    return Subscription(ADA, credential=None, types=types, task_id=task_id)


def offer(subscription: Subscription, *events: FeedEvent) -> None:
    for each in events:
        subscription.offer(each, frame(each))


async def positions(subscription: Subscription) -> list[int]:
    return [position for position, _ in await subscription.take(within=0)]


async def test_a_listener_takes_what_it_asked_for() -> None:
    task_id = uuid4()
    every, typed, of_task = subscribe(), subscribe("tasks.*"), subscribe(task_id=task_id)
    for each in (every, typed, of_task):
        offer(each, event(1), event(2, "auth.logged_in.v1"), event(3, task_id=task_id))
    assert await positions(every) == [1, 2, 3]
    assert await positions(typed) == [1, 3]
    assert await positions(of_task) == [3]
    assert await positions(every) == []


async def test_who_does_not_keep_up_is_told_so_and_costs_no_more_memory() -> None:
    subscription = subscribe()
    offer(subscription, *(event(position) for position in range(1, 1000)))
    assert subscription.ended == "overflow"
    assert len(await positions(subscription)) == 256


async def test_a_waiting_listener_is_woken() -> None:
    subscription = subscribe()
    waiting = asyncio.create_task(subscription.take(within=5))
    await asyncio.sleep(0)
    offer(subscription, event(1))
    assert [position for position, _ in await waiting] == [1]


@dataclass(frozen=True)
class Streaming:
    served: Served
    feed: Feed


@pytest.fixture
async def streaming(signer: Signer) -> AsyncIterator[Streaming]:
    """A gateway whose feed can be reached into; the broker is away."""
    async with build(settings_of()) as gateway:
        app = gateway.runner.app
        app[KEYS].learn([signer.jwk])
        port = gateway.runner.addresses[0][1]
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
            yield Streaming(Served(port, session), app[FEED])


async def test_a_stream_ends_with_its_token(streaming: Streaming, signer: Signer) -> None:
    now = int(time.time())
    token = signer.token(iat=now - 100, nbf=now - 100, exp=now + 1, scope="events:read")
    async with read_events(streaming.served, Authorization=f"Bearer {token}") as reader:
        last = await reader.next()
        assert last is not None
        assert last.event == "reauth"
        assert await reader.next() is None


@pytest.mark.parametrize("reason", ["bye", "overflow"])
async def test_a_stream_says_why_it_ends(streaming: Streaming, signer: Signer, reason: Reason) -> None:
    user = uuid4()
    token = signer.token(sub=str(user), scope="events:read")
    async with read_events(streaming.served, Authorization=f"Bearer {token}") as reader:
        [subscription] = streaming.feed._by_user[user]
        subscription.end(reason)
        last = await reader.next()
        assert last is not None
        assert last.event == reason
        assert await reader.next() is None
    await eventually(lambda: user not in streaming.feed._by_user)


async def test_a_stream_ends_with_its_session(streaming: Streaming, signer: Signer) -> None:
    user, session = uuid4(), uuid4()
    token = signer.token(sub=str(user), sid=str(session), scope="events:read")
    async with read_events(streaming.served, Authorization=f"Bearer {token}") as reader:
        streaming.feed.end_credential(session)
        assert [each and each.event for each in (await reader.next(), await reader.next())] == ["reauth", None]
