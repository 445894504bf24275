"""Streams whose readers take nothing: each is let go, and none holds what it was not taken off. F33."""

import os
import socket
from pathlib import Path
from uuid import uuid4

import pytest

from contracts.feed import FeedEvent
from gateway.app import build
from gateway.state import FEED, KEYS
from tests.eventually import eventually
from tests.unit.gateway.serving import Signer, settings_of
from tests.unit.gateway.test_idle_streams import resident

STREAMS = 20
EVENTS = 300
TEXT = '{"data":"' + "x" * 32_768 + '"}'
MORE = 64 * 1024  # KiB; all that they did not take would be 160 MiB


def open_stream(port: int, token: str) -> socket.socket:
    """With a small window, and nobody who reads."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", port))
    client.sendall(f"GET /v1/events/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
    return client


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
async def test_readers_that_take_nothing_are_let_go_and_cost_next_to_nothing(signer: Signer) -> None:
    users = [uuid4() for _ in range(STREAMS)]
    async with build(settings_of()) as gateway:
        app = gateway.runner.app
        app[KEYS].learn([signer.jwk])
        port, feed = gateway.runner.addresses[0][1], app[FEED]
        clients = [open_stream(port, signer.token(sub=str(user), scope="events:read")) for user in users]
        try:
            await eventually(lambda: len(feed._by_user) == STREAMS, within=30)
            streams = [each for user in users for each in feed._by_user[user]]
            before = resident(os.getpid())
            for position in range(1, EVENTS + 1):
                event = FeedEvent(
                    position=position, id=uuid4(), type="a", task_id=None, readers=tuple(users), text=TEXT
                )
                feed._dispatch([event])
            assert {each.ended for each in streams} == {"overflow"}
            await eventually(lambda: all(not each._unread for each in streams), within=30)
            grown = resident(os.getpid()) - before
            await eventually(lambda: not feed._by_user, within=60)
        finally:
            for client in clients:
                client.close()
    assert grown < MORE, f"{grown / 1024:.1f} MiB"
