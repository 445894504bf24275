from chassis.subscription import Delivery
from contracts.task_lists import GetTaskStats, TaskStats
from task_worker.stats import stats
from task_worker.store import counts


async def get_task_stats(_: GetTaskStats, delivery: Delivery) -> TaskStats:
    return stats(await counts.read(delivery.connection, delivery.actor_id))
