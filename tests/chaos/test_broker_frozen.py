"""A broker that neither answers nor hangs up: nobody waits for it longer than his deadline, and nobody is restarted."""

import os
import signal

import asyncpg

from ops import processes
from ops.rabbitmq import RabbitMQ
from tests.chaos.load import check, check_events, load
from tests.eventually import eventually
from tests.running import Running


def send(rabbitmq: RabbitMQ, number: signal.Signals) -> None:
    assert rabbitmq.pid is not None
    for pid in (rabbitmq.pid, *(child.pid for child in processes.descendants(rabbitmq.pid))):
        os.kill(pid, number)


async def test_the_broker_freezes_and_thaws(
    running: Running, rabbitmq: RabbitMQ, superuser: asyncpg.Connection
) -> None:
    pids = {name: service.pid for name, service in running.services.items()}
    async with load(running) as attempts:
        await eventually(lambda: attempts.statuses()[201] >= 25, within=20)
        send(rabbitmq, signal.SIGSTOP)
        try:
            # First its silence makes outcomes unknown, then it is known to be away.
            await eventually(lambda: attempts.statuses()[504] >= 1, within=20)
            await eventually(lambda: attempts.statuses()[503] >= 25, within=20)
        finally:
            send(rabbitmq, signal.SIGCONT)
        acknowledged = attempts.statuses()[201]
        await eventually(lambda: attempts.statuses()[201] >= acknowledged + 25, within=40)
    await eventually(lambda: check_events(superuser), within=30)
    await check(attempts, superuser)
    assert {name: service.pid for name, service in running.services.items()} == pids
