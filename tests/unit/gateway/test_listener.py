"""New connections do not wait for their turn behind those that are served."""

import asyncio
import multiprocessing
import os
import resource
import socket
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack

import uvloop
from aiohttp import web
from structlog.testing import capture_logs

from gateway import listener
from gateway.listener import Site
from tests.eventually import eventually

MANY = 100


async def turns_until_all_are_taken(site_of: type[web.TCPSite]) -> int:
    runner = web.AppRunner(web.Application())
    await runner.setup()
    await site_of(runner, "127.0.0.1", 0).start()
    turns = 0
    with ExitStack() as stack:
        for _ in range(MANY):
            stack.enter_context(socket.create_connection(runner.addresses[0][:2]))
        assert runner.server
        while len(runner.server.connections) < MANY:
            await asyncio.sleep(0)
            turns += 1
    await runner.cleanup()
    return turns


async def test_a_hundred_that_wait_are_taken_in_a_few_turns_of_the_loop() -> None:
    def measure(site_of: type[web.TCPSite]) -> int:
        return uvloop.run(turns_until_all_are_taken(site_of))

    ours, aiohttps = [await asyncio.to_thread(measure, each) for each in (Site, web.TCPSite)]
    assert ours < MANY / 10
    assert aiohttps >= MANY  # when this is no longer so, ours is of no more use


def test_who_comes_while_no_file_can_be_opened_is_taken_later() -> None:
    """In a process of its own: what others open and close would be counted too, and they could open nothing."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as alone:
        assert alone.submit(take_one_later).result(timeout=30) == (0, 1)


def take_one_later() -> tuple[int, int]:
    """How many are taken while no file can be opened, and afterwards."""
    return asyncio.run(_take_one_later())


async def _take_one_later() -> tuple[int, int]:
    listener._PAUSE = 0.1
    runner = web.AppRunner(web.Application())
    await runner.setup()
    await Site(runner, "127.0.0.1", 0).start()
    assert runner.server
    server = runner.server
    with socket.socket() as client, capture_logs() as logs:
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        next_file = os.dup(0)
        os.close(next_file)
        resource.setrlimit(resource.RLIMIT_NOFILE, (next_file, limits[1]))
        try:
            client.connect(runner.addresses[0][:2])
            await eventually(lambda: any(line["event"] == "no more connections taken for a while" for line in logs))
            before = len(server.connections)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        await eventually(lambda: len(server.connections) == 1)
        after = len(server.connections)
    await runner.cleanup()
    return before, after
