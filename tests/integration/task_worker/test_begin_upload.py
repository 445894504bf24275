import pytest
from asyncpg.pool import PoolConnectionProxy
from uuid_utils.compat import uuid7

from contracts.files import BeginUpload
from contracts.message import Actor
from contracts.problems import FORBIDDEN, NOT_FOUND, QUOTA_EXCEEDED
from task_worker.handlers.begin_upload import BeginUploadHandler
from task_worker.quota import Quota
from tests.integration.handling import deliver
from tests.integration.task_worker.conftest import Look, Make, ShareWith, problem_of


@pytest.fixture
def begin_upload() -> BeginUploadHandler:
    return BeginUploadHandler(Quota(files_per_task=2, bytes_per_owner=1000))


async def test_a_beginning_is_noted_and_changes_no_task(
    connection: PoolConnectionProxy, ada: Actor, make: Make, look: Look, begin_upload: BeginUploadHandler
) -> None:
    task, file_id = await make(), uuid7()
    answer = await begin_upload(BeginUpload(task_id=task.id, file_id=file_id), deliver(connection, ada))
    assert (answer.reply, answer.tells) == (None, ())
    assert await connection.fetchval("SELECT file_id FROM uploads WHERE task_id = $1", task.id) == file_id
    assert await look(task, ada) == task


async def test_uploads_that_have_begun_count_as_files(
    connection: PoolConnectionProxy, ada: Actor, make: Make, begin_upload: BeginUploadHandler
) -> None:
    task = await make()
    for _ in range(2):
        await begin_upload(BeginUpload(task_id=task.id, file_id=uuid7()), deliver(connection, ada))
    third = begin_upload(BeginUpload(task_id=task.id, file_id=uuid7()), deliver(connection, ada))
    assert (await problem_of(third)).type == QUOTA_EXCEEDED


async def test_who_may_only_look_attaches_nothing(
    connection: PoolConnectionProxy,
    grace: Actor,
    joan: Actor,
    make: Make,
    share: ShareWith,
    begin_upload: BeginUploadHandler,
) -> None:
    task = await make()
    await share(task, grace, "view")
    for actor, problem in ((grace, FORBIDDEN), (joan, NOT_FOUND)):
        attempt = begin_upload(BeginUpload(task_id=task.id, file_id=uuid7()), deliver(connection, actor))
        assert (await problem_of(attempt)).type == problem
    assert await connection.fetchval("SELECT count(*) FROM uploads") == 0
