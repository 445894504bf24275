from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from asyncpg.pool import PoolConnectionProxy
from uuid_utils.compat import uuid7

from chassis.errors import Unavailable
from chassis.objects import Objects
from contracts.files import EraseFile, object_name
from task_worker.handlers.erase_file import EraseFileHandler
from tests.integration.handling import deliver


async def _bytes() -> AsyncIterator[bytes]:
    yield b"Water the plants."


async def test_bytes_are_erased_once_and_again(connection: PoolConnectionProxy, tmp_path: Path) -> None:
    """Pitfall F46"""
    objects, file_id = Objects(f"file://{tmp_path}/files"), uuid7()
    await objects.write(object_name(file_id), _bytes())
    assert [content async for content in objects.read(object_name(file_id), 0, 5)] == [b"Water"]
    for _ in range(2):
        answer = await EraseFileHandler(objects)(EraseFile(file_id=file_id), deliver(connection, None))
        assert (answer.reply, answer.tells) == (None, ())
        with pytest.raises(Unavailable):
            [content async for content in objects.read(object_name(file_id), 0, 5)]
