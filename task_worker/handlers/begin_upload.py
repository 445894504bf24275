from chassis.errors import Refusal
from chassis.subscription import Answer, Delivery
from contracts.files import BeginUpload
from contracts.problems import QUOTA_EXCEEDED
from task_worker.open_task import open_task
from task_worker.quota import Quota
from task_worker.store import files


class BeginUploadHandler:
    def __init__(self, quota: Quota) -> None:
        self._quota = quota

    async def __call__(self, command: BeginUpload, delivery: Delivery) -> Answer:
        """No change of the task: nothing is told before the file is there."""
        opened = await open_task(command, delivery, command.task_id)
        task, connection = opened.task, opened.connection
        if task.file_count + await files.count_uploads(connection, task.id) >= self._quota.files_per_task:
            raise Refusal(QUOTA_EXCEEDED, f"a task has at most {self._quota.files_per_task} files")
        if await files.read_usage(connection, task.owner_id) >= self._quota.bytes_per_owner:
            raise Refusal(QUOTA_EXCEEDED, "the owner's space for files is used up")
        await files.begin_upload(connection, command.file_id, task_id=task.id, uploader_id=delivery.actor_id)
        return Answer(None)
