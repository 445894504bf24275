from chassis.errors import Refusal
from chassis.subscription import Answer, Delivery
from contracts.files import EraseFile, FileRemoved, RemoveFile
from contracts.problems import NOT_FOUND
from contracts.tasks import Change
from task_worker.open_task import open_task
from task_worker.store import files


async def remove_file(command: RemoveFile, delivery: Delivery) -> Answer:
    named = await files.find(delivery.connection, command.file_id)
    if named is None:
        raise Refusal(NOT_FOUND)
    opened = await open_task(command, delivery, named.task_id)
    # Again, under the lock: another may have removed it.
    file = await files.find(opened.connection, command.file_id)
    if file is None:
        raise Refusal(NOT_FOUND)

    await files.delete(opened.connection, file.id)
    await files.give_space_back(opened.connection, opened.task.owner_id, file.size)
    task = await opened.save(opened.task.next_version(at=opened.at, file_count=opened.task.file_count - 1))
    changes = {"filename": Change(old=file.filename, new=None)}
    removed = opened.event(FileRemoved, task, changes, file=file)
    return Answer(None, removed, EraseFile(file_id=file.id))
