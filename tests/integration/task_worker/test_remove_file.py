from asyncpg.pool import PoolConnectionProxy

from contracts.files import EraseFile, FileRemoved, GetFile, RemoveFile
from contracts.message import Actor
from contracts.problems import FORBIDDEN, NOT_FOUND
from task_worker.handlers.get_file import get_file
from task_worker.handlers.remove_file import remove_file
from tests.integration.handling import deliver
from tests.integration.task_worker.conftest import AttachTo, Look, Make, ShareWith, problem_of


async def test_a_file_is_removed_and_its_bytes_are_to_be_erased(
    connection: PoolConnectionProxy, ada: Actor, make: Make, attach: AttachTo, look: Look
) -> None:
    """Pitfall F46"""
    task = await make()
    file, _ = await attach(task, ada), await attach(task, ada)
    removed, erase = (await remove_file(RemoveFile(file_id=file.id), deliver(connection, ada))).tells
    assert isinstance(removed, FileRemoved)
    assert (removed.file, erase) == (file, EraseFile(file_id=file.id))
    assert (await look(task, ada)).file_count == 1
    assert (await problem_of(get_file(GetFile(file_id=file.id), deliver(connection, ada)))).type == NOT_FOUND
    assert (await problem_of(remove_file(RemoveFile(file_id=file.id), deliver(connection, ada)))).type == NOT_FOUND
    assert await connection.fetchval("SELECT bytes FROM file_usage") == 10


async def test_a_viewer_removes_nothing(
    connection: PoolConnectionProxy, ada: Actor, grace: Actor, make: Make, attach: AttachTo, share: ShareWith
) -> None:
    task = await make()
    file = await attach(task, ada)
    await share(task, grace, "view")
    assert (await problem_of(remove_file(RemoveFile(file_id=file.id), deliver(connection, grace)))).type == FORBIDDEN
    assert await get_file(GetFile(file_id=file.id), deliver(connection, grace)) == file
