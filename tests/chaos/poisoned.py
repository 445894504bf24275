"""How many good messages are served when one in a hundred cannot be read, in turns with none."""

import asyncio
import statistics
from dataclasses import asdict, dataclass
from typing import Any
from uuid import uuid4

import asyncpg

from chassis.broker import Broker, Outgoing, open_broker
from chassis.topology import COMMANDS
from contracts.tasks import CreateTask
from load.account import Account
from load.client import Client
from load.pace import Connections, LoopClock, Rate
from load.scenarios import SCENARIOS
from tests.eventually import eventually
from tests.running import Running

_AT_ONCE = 16
_TURNS = 5
_IN_A_HUNDRED = 1


@dataclass(frozen=True)
class Poisoned:
    without: float
    """Changes a second, the median of all turns."""
    beside: float
    """The same beside poison."""
    injected: int
    parked: int
    smallest_share: float = 0.9

    @property
    def share(self) -> float:
        return self.beside / self.without

    @property
    def good(self) -> bool:
        return self.share >= self.smallest_share and self.parked == self.injected

    def as_json(self) -> dict[str, Any]:
        return {"good": self.good, "share": self.share, **asdict(self)}

    def as_text(self) -> str:
        return (
            f"{'good' if self.good else 'NOT GOOD'}: {self.beside:.0f} changes a second beside {_IN_A_HUNDRED} % poison, "
            f"{self.without:.0f} without ({self.share:.0%}); {self.parked} of {self.injected} poisoned messages parked"
        )


async def poisoned(running: Running, *, seconds: float) -> Poisoned:
    client = Client(running.url)
    account = await Account.open(client, None)
    without, beside, injected = list[float](), list[float](), 0
    async with open_broker(running.addresses.amqp_url("gateway"), "gateway") as broker:
        await eventually(lambda: broker.can_publish)
        for _ in range(_TURNS):
            without.append(await _served(account, seconds))
            sender = asyncio.create_task(_poison(broker, without[-1] * _IN_A_HUNDRED / 100, seconds))
            beside.append(await _served(account, seconds))
            injected += await sender
    client.close()
    connection = await asyncpg.connect(running.addresses.superuser_url)
    try:
        count = "SELECT count(*) FROM notifier.dead_letter"
        await eventually(lambda: connection.fetchval(f"SELECT ({count}) >= $1", injected), within=20)
        parked = await connection.fetchval(count)
    finally:
        await connection.close()
    return Poisoned(statistics.median(without), statistics.median(beside), injected, parked)


async def _served(account: Account, seconds: float) -> float:
    requests, accepted = await SCENARIOS["create"].prepare(account), 0

    async def act(_: float) -> None:
        nonlocal accepted
        answer = await account.send(requests())
        accepted += answer.accepted

    await Connections(_AT_ONCE).run(act, seconds=seconds, stopping=asyncio.Event(), clock=LoopClock())
    return accepted / seconds


async def _poison(broker: Broker, rate: float, seconds: float) -> int:
    sent = 0

    async def act(_: float) -> None:
        nonlocal sent
        await broker.publish(
            Outgoing(
                exchange=COMMANDS,
                routing_key=CreateTask.queue,
                body=b"{not json",
                message_id=str(uuid4()),
                type=CreateTask.wire_name,
            )
        )
        sent += 1

    await Rate(rate).run(act, seconds=seconds, stopping=asyncio.Event(), clock=LoopClock())
    return sent
