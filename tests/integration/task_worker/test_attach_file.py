import pytest
from asyncpg.pool import PoolConnectionProxy
from uuid_utils.compat import uuid7

from contracts.files import AttachFile, BeginUpload, EraseFile, GetFile, ListFiles
from contracts.message import Actor
from contracts.problems import NOT_FOUND, QUOTA_EXCEEDED
from task_worker.duties import reap_uploads
from task_worker.handlers.attach_file import AttachFileHandler
from task_worker.handlers.begin_upload import BeginUploadHandler
from task_worker.handlers.get_file import get_file
from task_worker.handlers.list_files import list_files
from task_worker.quota import Quota
from tests.integration.handling import deliver
from tests.integration.task_worker.conftest import AttachTo, Look, Make, problem_of


async def test_a_file_is_attached(
    connection: PoolConnectionProxy, ada: Actor, make: Make, attach: AttachTo, look: Look
) -> None:
    task = await make()
    first, second = await attach(task, ada), await attach(task, ada)
    assert ((await look(task, ada)).file_count, (await look(task, ada)).version) == (2, 3)
    page = await list_files(ListFiles(task_id=task.id, limit=1), deliver(connection, ada))
    rest = await list_files(ListFiles(task_id=task.id, after=page.next), deliver(connection, ada))
    assert [*page.items, *rest.items] == [first, second]
    assert await get_file(GetFile(file_id=first.id), deliver(connection, ada)) == first
    assert await connection.fetchval("SELECT bytes FROM file_usage") == 20


@pytest.mark.parametrize(
    ("quota", "refused_at"),
    [
        (Quota(files_per_task=1, bytes_per_owner=1000), "begin"),
        (Quota(files_per_task=9, bytes_per_owner=10), "begin"),
        (Quota(files_per_task=9, bytes_per_owner=19), "attach"),
    ],
)
async def test_a_quota_is_kept(
    connection: PoolConnectionProxy, ada: Actor, make: Make, attach: AttachTo, quota: Quota, refused_at: str
) -> None:
    task, file_id = await make(), uuid7()
    await attach(task, ada, size=10)
    begin = BeginUpload(task_id=task.id, file_id=file_id)
    command = AttachFile(
        task_id=task.id, file_id=file_id, filename="a.txt", content_type="text/plain", size=10, sha256="0" * 64
    )
    if refused_at == "begin":
        assert (await problem_of(BeginUploadHandler(quota)(begin, deliver(connection, ada)))).type == QUOTA_EXCEEDED
    else:
        await BeginUploadHandler(quota)(begin, deliver(connection, ada))
        assert (await problem_of(AttachFileHandler(quota)(command, deliver(connection, ada)))).type == QUOTA_EXCEEDED
    assert await connection.fetchval("SELECT bytes FROM file_usage") == 10


async def test_an_upload_that_never_ended_is_erased(connection: PoolConnectionProxy, ada: Actor, make: Make) -> None:
    task, file_id, quota = await make(), uuid7(), Quota(files_per_task=9, bytes_per_owner=1000)
    await BeginUploadHandler(quota)(BeginUpload(task_id=task.id, file_id=file_id), deliver(connection, ada))
    assert (await reap_uploads(deliver(connection, None))).count == 0
    await connection.execute("UPDATE uploads SET began_at = began_at - interval '61 minutes'")
    assert (await reap_uploads(deliver(connection, None))).tells == [EraseFile(file_id=file_id)]
    command = AttachFile(
        task_id=task.id, file_id=file_id, filename="a.txt", content_type="text/plain", size=10, sha256="0" * 64
    )
    assert (await problem_of(AttachFileHandler(quota)(command, deliver(connection, ada)))).type == NOT_FOUND
