import asyncio
from collections.abc import AsyncIterator

import pytest

from load import client
from load.client import Client
from load.requests import Request

ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"


@pytest.fixture
async def url(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """Answers what is asked of /, and nothing else."""
    monkeypatch.setattr(client, "_PATIENCE", 0.1)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readline():
            while (await reader.readline()).strip():
                pass
            if head.startswith(b"GET / "):
                writer.write(ANSWER)
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1") as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_a_connection_without_an_answer_is_given_up(url: str) -> None:
    sender = Client(url)
    assert (await sender.send(Request("GET", "/"))).status == 204
    async with asyncio.timeout(2):
        assert (await sender.send(Request("GET", "/silence"))).status is None
    assert (await sender.send(Request("GET", "/"))).status == 204
    sender.close()


async def test_one_that_is_answered_is_kept_for_longer_than_one_answer_may_take(url: str) -> None:
    sender = Client(url)
    until = asyncio.get_running_loop().time() + 0.3
    while asyncio.get_running_loop().time() < until:
        assert (await sender.send(Request("GET", "/"))).status == 204
    assert len(sender._idle) == 1
    sender.close()
