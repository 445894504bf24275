"""Each way to come by Postgres, through what may happen to it."""

import asyncio
import os
import pwd
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from ops import postgres_files, processes
from ops.errors import OpsError
from ops.postgres import Postgres
from ops.state import cache_folder
from ops.unprivileged import account

WAYS = {
    "system": bool(postgres_files.system()),
    "wheel": postgres_files.wheel(cache_folder(), account()) is not None,
}


@pytest.fixture(params=[way for way, is_here in WAYS.items() if is_here])
async def server(
    request: pytest.FixtureRequest, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Postgres]:
    monkeypatch.setenv("TASKMESH_POSTGRES", request.param)
    server = Postgres(scratch / f"postgres-{secrets.token_hex(4)}")
    yield server
    await server.stop()
    server.forget()


async def ask(server: Postgres, statement: str) -> object:
    connection = await asyncpg.connect(server.superuser_url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


def ours(server: Postgres) -> list[processes.Process]:
    return [process for process in processes.running() if str(server.data) in process.command]


async def test_what_was_committed_survives_a_kill(server: Postgres) -> None:
    await server.start()
    port = server.port
    await ask(server, "CREATE TABLE kept AS SELECT 42 AS answer")
    await server.kill()
    assert ours(server) == []
    await server.start()
    assert server.port == port
    assert await ask(server, "SELECT answer FROM kept") == 42


async def test_it_is_durable_private_and_unprivileged(server: Postgres) -> None:
    await server.start()
    assert await ask(server, "SHOW fsync") == "on"
    assert await ask(server, "SHOW listen_addresses") == "127.0.0.1"
    assert await ask(server, "SHOW unix_socket_directories") == ""
    assert await ask(server, "SELECT datctype FROM pg_database WHERE datname = 'postgres'") in {"C.UTF-8", "C"}
    expected = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else os.geteuid()
    assert server.data.stat().st_uid == expected
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(server.url("postgres", "guessed", "postgres"))


async def test_stopping_does_not_wait_for_clients_and_leaves_nothing(server: Postgres) -> None:
    await server.start()
    client = await asyncpg.connect(server.superuser_url)
    began = asyncio.get_running_loop().time()
    await server.stop()
    assert asyncio.get_running_loop().time() - began < 5
    assert server.pid is None
    assert ours(server) == []
    client.terminate()


async def test_the_postgres_of_a_killed_supervisor_is_ended(server: Postgres) -> None:
    await server.start()
    await ask(server, "CREATE TABLE kept AS SELECT 42 AS answer")
    successor = Postgres(server.folder, port=server.port)
    async with successor:
        assert await ask(successor, "SELECT answer FROM kept") == 42
        assert await server.wait() == 0


async def test_an_interrupted_beginning_is_begun_again(server: Postgres) -> None:
    starting = asyncio.create_task(server.start())
    await asyncio.sleep(0.2)
    starting.cancel()
    await asyncio.wait([starting])
    await server.start()
    assert await ask(server, "SELECT 1") == 1


async def test_data_of_another_version_are_not_touched(server: Postgres) -> None:
    await server.start()
    await server.stop()
    (server.data / "PG_VERSION").write_text("9\n")
    with pytest.raises(OpsError, match="up --fresh"):
        await server.start()


async def test_an_unknown_way_is_refused(scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKMESH_POSTGRES", "magic")
    with pytest.raises(OpsError, match="`system` or `wheel`"):
        await Postgres(scratch / "postgres-unknown").start()
