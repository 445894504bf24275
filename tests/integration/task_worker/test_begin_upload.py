from asyncpg.pool import PoolConnectionProxy
from uuid_utils.compat import uuid7

from contracts.files import BeginUpload
from contracts.message import Actor
from contracts.problems import FORBIDDEN, NOT_FOUND
from task_worker.handlers.begin_upload import BeginUploadHandler
from task_worker.quota import Quota
from tests.integration.handling import deliver, only_row
from tests.integration.task_worker.conftest import Make, ShareWith, problem_of

begin_upload = BeginUploadHandler(Quota(files_per_task=9, bytes_per_owner=1000))


async def test_an_upload_is_known_before_its_bytes_come(
    connection: PoolConnectionProxy, ada: Actor, make: Make
) -> None:
    """Pitfall F45"""
    task, file_id = await make(), uuid7()
    assert (await begin_upload(BeginUpload(task_id=task.id, file_id=file_id), deliver(connection, ada))).tells == ()
    upload = await only_row(connection, "SELECT file_id, task_id, uploader_id FROM uploads")
    assert upload == {"file_id": file_id, "task_id": task.id, "uploader_id": ada.id}


async def test_who_may_not_change_a_task_uploads_nothing_to_it(
    connection: PoolConnectionProxy, grace: Actor, joan: Actor, make: Make, share: ShareWith
) -> None:
    task = await make()
    await share(task, grace, "view")
    for actor, problem in ((grace, FORBIDDEN), (joan, NOT_FOUND)):
        command = BeginUpload(task_id=task.id, file_id=uuid7())
        assert (await problem_of(begin_upload(command, deliver(connection, actor)))).type == problem
    assert await connection.fetchval("SELECT count(*) FROM uploads") == 0
