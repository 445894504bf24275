import asyncio
from collections.abc import AsyncIterator

import pytest

from load import client
from load.client import Client
from load.requests import Answer, Request
from tests.eventually import eventually

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


async def test_without_a_task_for_each_any_number_is_under_way_at_once(url: str) -> None:
    sender, answers = Client(url, at_most=1), list[Answer]()
    start = sender.starting_as("token")
    for _ in range(20):
        start(Request("GET", "/"), answers.append)
    await eventually(lambda: len(answers) == 20)
    assert {answer.status for answer in answers} == {204}
    assert len(sender._idle) == 20
    sender.close()


async def test_who_cannot_be_reached_gives_no_answer() -> None:
    sender, answers = Client("http://127.0.0.1:1"), list[Answer]()
    assert await sender.send(Request("GET", "/")) == Answer(None)
    sender.starting_as("token")(Request("GET", "/"), answers.append)
    await eventually(lambda: answers == [Answer(None)])
