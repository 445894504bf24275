from chassis.errors import Refusal
from chassis.subscription import Answer, Delivery
from contracts.files import AttachFile, File, FileAttached
from contracts.problems import NOT_FOUND, QUOTA_EXCEEDED
from contracts.tasks import Change
from task_worker.open_task import actor_of, open_task
from task_worker.quota import Quota
from task_worker.store import files


class AttachFileHandler:
    def __init__(self, quota: Quota) -> None:
        self._quota = quota

    async def __call__(self, command: AttachFile, delivery: Delivery) -> Answer:
        opened = await open_task(command, delivery, command.task_id)
        before, connection = opened.task, opened.connection
        if not await files.is_uploading(connection, command.file_id, task_id=before.id, uploader_id=delivery.actor_id):
            raise Refusal(NOT_FOUND, "the upload took too long")
        if before.file_count >= self._quota.files_per_task:
            raise Refusal(QUOTA_EXCEEDED, f"a task has at most {self._quota.files_per_task} files")
        # Decides and writes in one statement: the last decision there is.
        quota = self._quota.bytes_per_owner
        if not await files.take_space(connection, before.owner_id, command.size, quota=quota):
            raise Refusal(QUOTA_EXCEEDED, "the owner's space for files is used up")

        file = File(
            id=command.file_id,
            task_id=before.id,
            filename=command.filename,
            content_type=command.content_type,
            size=command.size,
            sha256=command.sha256,
            uploaded_by=actor_of(delivery),
            created_at=opened.at,
        )
        await files.insert(connection, file)
        await files.end_upload(connection, file.id)
        task = await opened.save(before.next_version(at=opened.at, file_count=before.file_count + 1))
        changes = {"filename": Change(old=None, new=file.filename)}
        return Answer(file, opened.event(FileAttached, task, changes, file=file))
