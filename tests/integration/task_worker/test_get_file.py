from asyncpg.pool import PoolConnectionProxy
from uuid_utils.compat import uuid7

from contracts.files import GetFile
from contracts.message import Actor
from contracts.problems import NOT_FOUND
from task_worker.handlers.get_file import get_file
from tests.integration.handling import deliver
from tests.integration.task_worker.conftest import AttachTo, Make, problem_of


async def test_a_file_is_seen_with_its_task(
    connection: PoolConnectionProxy, ada: Actor, grace: Actor, make: Make, attach: AttachTo
) -> None:
    file = await attach(await make(), ada)
    assert await get_file(GetFile(file_id=file.id), deliver(connection, ada)) == file
    for actor, file_id in ((grace, file.id), (ada, uuid7())):
        assert (await problem_of(get_file(GetFile(file_id=file_id), deliver(connection, actor)))).type == NOT_FOUND
