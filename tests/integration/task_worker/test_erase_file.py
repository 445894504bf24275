from collections.abc import AsyncIterator
from pathlib import Path

from asyncpg.pool import PoolConnectionProxy
from uuid_utils.compat import uuid7

from chassis.objects import Objects
from contracts.files import EraseFile, object_name
from task_worker.handlers.erase_file import EraseFileHandler
from tests.integration.handling import deliver


async def bytes_of(text: bytes) -> AsyncIterator[bytes]:
    yield text


def objects_in(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]


async def test_bytes_are_erased_and_erased_already_is_erased(connection: PoolConnectionProxy, tmp_path: Path) -> None:
    objects, erased, kept = Objects(f"file://{tmp_path}"), uuid7(), uuid7()
    for file_id in (erased, kept):
        await objects.write(object_name(file_id), bytes_of(b"Water the plants"))
    for _ in range(2):
        await EraseFileHandler(objects)(EraseFile(file_id=erased), deliver(connection, None))
    assert objects_in(tmp_path) == [object_name(kept)]
