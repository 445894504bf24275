import asyncio

from chassis.health import serve_health
from ops.ports import free_port
from tests.chaos.world import metric
from tests.eventually import eventually


async def test_the_tasks_of_the_event_loop_are_counted() -> None:
    port, ended = free_port(), asyncio.Event()
    async with serve_health({}, host="127.0.0.1", port=port), asyncio.TaskGroup() as group:
        for _ in range(50):
            group.create_task(ended.wait())

        async def many() -> bool:
            return 50 <= await metric(port, "taskmesh_event_loop_tasks") < 70

        await eventually(many, within=5)
        ended.set()
