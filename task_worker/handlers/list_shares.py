from chassis.subscription import Delivery
from contracts.sharing import ListShares, SharePage, SharePosition
from task_worker.open_task import see_task
from task_worker.store import shares


async def list_shares(query: ListShares, delivery: Delivery) -> SharePage:
    task, _ = await see_task(query, delivery, query.task_id)
    found = await shares.list_of_task(delivery.connection, task.id, after=query.after, limit=query.limit + 1)
    page = found[: query.limit]
    last = SharePosition(shared_at=page[-1].shared_at, user_id=page[-1].user_id) if page else None
    return SharePage(items=tuple(share.view(task) for share in page), next=last if len(found) > query.limit else None)
