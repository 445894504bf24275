from asyncpg.pool import PoolConnectionProxy

from contracts.files import EraseFile, FileRemoved, RemoveFile
from contracts.message import Actor
from contracts.problems import FORBIDDEN, NOT_FOUND
from task_worker.handlers.remove_file import remove_file
from tests.integration.handling import deliver
from tests.integration.task_worker.conftest import AttachTo, Look, Make, ShareWith, problem_of


async def test_a_file_goes_with_its_bytes_its_space_and_an_event(
    connection: PoolConnectionProxy, ada: Actor, make: Make, attach: AttachTo, look: Look
) -> None:
    """F46: the bytes are erased by a command that is kept until it is done."""
    task = await make()
    file = await attach(task, ada, size=10)
    event, erase = (await remove_file(RemoveFile(file_id=file.id), deliver(connection, ada))).tells
    assert isinstance(event, FileRemoved)
    assert (event.file, event.task.version, event.changes["filename"].old) == (file, 3, "plants.txt")
    assert erase == EraseFile(file_id=file.id)
    assert (await look(task, ada)).file_count == 0
    assert await connection.fetchval("SELECT bytes FROM file_usage") == 0
    assert (await problem_of(remove_file(RemoveFile(file_id=file.id), deliver(connection, ada)))).type == NOT_FOUND


async def test_who_may_only_look_removes_nothing(
    connection: PoolConnectionProxy,
    ada: Actor,
    grace: Actor,
    joan: Actor,
    make: Make,
    share: ShareWith,
    attach: AttachTo,
) -> None:
    task = await make()
    await share(task, grace, "view")
    file = await attach(task, ada)
    for actor, problem in ((grace, FORBIDDEN), (joan, NOT_FOUND)):
        assert (await problem_of(remove_file(RemoveFile(file_id=file.id), deliver(connection, actor)))).type == problem
    assert await connection.fetchval("SELECT count(*) FROM files") == 1
