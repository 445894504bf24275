from asyncpg.pool import PoolConnectionProxy
from uuid_utils.compat import uuid7

from contracts.files import GetFile
from contracts.message import Actor
from contracts.problems import NOT_FOUND
from task_worker.handlers.get_file import get_file
from tests.integration.handling import deliver
from tests.integration.task_worker.conftest import AttachTo, Make, ShareWith, problem_of


async def test_a_file_is_seen_by_whoever_sees_its_task(
    connection: PoolConnectionProxy,
    ada: Actor,
    grace: Actor,
    joan: Actor,
    make: Make,
    share: ShareWith,
    attach: AttachTo,
) -> None:
    task = await make()
    await share(task, grace)
    file = await attach(task, ada)
    for reader in (ada, grace):
        assert await get_file(GetFile(file_id=file.id), deliver(connection, reader)) == file
    for file_id in (file.id, uuid7()):
        assert (await problem_of(get_file(GetFile(file_id=file_id), deliver(connection, joan)))).type == NOT_FOUND
