from chassis.errors import Refusal
from chassis.subscription import Delivery
from contracts.files import File, GetFile
from contracts.problems import NOT_FOUND
from task_worker.open_task import see_task
from task_worker.store import files


async def get_file(query: GetFile, delivery: Delivery) -> File:
    file = await files.find(delivery.connection, query.file_id)
    if file is None:
        raise Refusal(NOT_FOUND)
    await see_task(query, delivery, file.task_id)
    return file
