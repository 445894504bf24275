from chassis.subscription import Delivery
from contracts.files import FilePage, FilePosition, ListFiles
from task_worker.open_task import see_task
from task_worker.store import files


async def list_files(query: ListFiles, delivery: Delivery) -> FilePage:
    await see_task(query, delivery, query.task_id)
    found = await files.list_of_task(delivery.connection, query.task_id, after=query.after, limit=query.limit + 1)
    page = found[: query.limit]
    following = FilePosition(created_at=page[-1].created_at, id=page[-1].id) if len(found) > query.limit else None
    return FilePage(items=tuple(page), next=following)
