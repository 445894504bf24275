"""The whole system with a bad network between each of its processes and both servers, under load."""

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import asyncpg

from ops import processes
from ops.management import Management, open_management
from tests.chaos.proxy import FINE, Proxy
from tests.chaos.traffic import Traffic
from tests.conftest import Addresses, Keys
from tests.eventually import eventually
from tests.running import Running, run_services

WORKERS = ("auth_worker", "task_worker", "notifier")
RATE = 25.0  # requests a second
FLOWS = 10  # acknowledged changes


@dataclass
class World:
    addresses: Addresses
    folder: Path
    """Where `<service>.amqp_url` and `<worker>.database_url` are, which the services read for every connection."""
    running: Running
    broker: dict[str, Proxy]
    """The way of each service to RabbitMQ."""
    database: dict[str, Proxy]
    """The way of each worker to Postgres."""
    traffic: Traffic
    management: Management
    killed: set[str] = field(default_factory=set)
    """Services that were ended on purpose, and have another process since."""
    gateway_was_away: list[tuple[float, float]] = field(default_factory=list)
    unaffected: list[float] = field(default_factory=list)
    """Of faults that hit only a part: the share of everything else that succeeded."""
    pids: dict[str, int | None] = field(default_factory=dict)
    poison: int = 0
    """Messages that must be parked."""
    baseline: dict[str, tuple[int, int]] = field(default_factory=dict)

    async def flowing(self, *, within: float = 40.0) -> float:
        """Waits until changes are acknowledged again, and says how long the first one took."""
        started, before, count = time.monotonic(), self.traffic.acknowledged(), len(self.traffic.attempts)
        await eventually(lambda: self.traffic.acknowledged() >= before + FLOWS, within=within)
        ends = [each.ended for each in self.traffic.attempts[count:] if each.status in (200, 201)]
        return min(ends, default=time.monotonic()) - started

    async def answered(self, status: int, *, times: int = 5, within: float = 20.0, since: int | None = None) -> None:
        number = len(self.traffic.attempts) if since is None else since
        await eventually(lambda: self.traffic.statuses(number)[status] >= times, within=within)

    def goes_on(self, statuses: Counter[int | None]) -> float:
        """Notes which share of what a fault does not concern succeeded."""
        self.unaffected.append((statuses[200] + statuses[201]) / statuses.total())
        return self.unaffected[-1]

    async def lasts(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        await eventually(lambda: time.monotonic() >= until, within=seconds + 1)

    def signal_tree(self, pid: int | None, number: signal.Signals) -> None:
        assert pid is not None
        for each in (pid, *(child.pid for child in processes.descendants(pid))):
            os.kill(each, number)

    @asynccontextmanager
    async def superuser(self) -> AsyncIterator[asyncpg.Connection]:
        connection = await asyncpg.connect(self.addresses.superuser_url)
        try:
            yield connection
        finally:
            await connection.close()

    async def restart(self, name: str, **extra: str) -> None:
        """Of a service that was ended: another process in its place."""
        self.killed.add(name)
        await self.running.start(name, **extra)

    async def recover(self) -> None:
        """Whatever became of the fault: a good network, and each service once."""
        self.heal()
        for name in [name for name in self.running.services if name not in self.pids]:
            await self.running.services.pop(name).stop()
        for name in [name for name in self.pids if self.running.services[name].pid is None]:
            await self.restart(name)

    async def quiet(self) -> None:
        """After the end of the load: until its last attempt has an answer."""
        await eventually(lambda: all(each.ended for each in self.traffic.attempts), within=15)

    def heal(self) -> None:
        for proxy in (*self.broker.values(), *self.database.values()):
            proxy.become(FINE)
            proxy.cut_after = None


@asynccontextmanager
async def open_world(
    addresses: Addresses, keys: Keys, folder: Path, *, seed: int, rate: float = RATE
) -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        broker = {name: Proxy(addresses.amqp_url(name), seed) for name in (*WORKERS, "gateway")}
        database = {name: Proxy(addresses.database_url(name), seed) for name in WORKERS}
        for proxy in (*broker.values(), *database.values()):
            await proxy.start()
            stack.push_async_callback(proxy.stop)
        extra = {name: {"AMQP_URL": proxy.url} for name, proxy in broker.items()}
        for name, proxy in database.items():
            extra[name]["DATABASE_URL"] = proxy.url
        extra["notifier"]["SEAL_EVERY"] = "2"
        _write_credentials(folder, extra)
        running = await stack.enter_async_context(run_services(addresses, keys, folder, extra=extra))
        rabbitmq = addresses.rabbitmq
        management = await stack.enter_async_context(open_management(rabbitmq.management_url, rabbitmq.admin))
        await running.register("grace")
        token = await running.register("ada")
        traffic = Traffic(running, token, rate=rate, seed=seed)
        world = World(addresses, folder, running, broker, database, traffic, management)
        load = asyncio.create_task(traffic.run())
        try:
            await world.flowing()
            world.pids = {name: service.pid for name, service in running.services.items()}
            world.baseline = {name: usage(pid) for name, pid in world.pids.items() if pid}
            yield world
        finally:
            world.heal()
            traffic.end()
            await load


def _write_credentials(folder: Path, environments: dict[str, dict[str, str]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, environment in environments.items():
        for kind, url in list(environment.items()):
            file = folder / f"{name}.{kind.lower()}"
            file.write_text(url)
            environment[f"{kind}_FILE"] = str(file)


def usage(pid: int) -> tuple[int, int]:
    """Open files, and resident memory in kilobytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    resident = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return len(list(Path(f"/proc/{pid}/fd").iterdir())), int(resident.split()[1])


async def metric(port: int, name: str) -> float:
    """Of the service whose health port it is; `name` with its labels."""
    async with aiohttp.ClientSession() as http, http.get(f"http://127.0.0.1:{port}/metrics") as response:
        lines = (await response.text()).splitlines()
    return next((float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"{name} ")), 0.0)


def clients_of(port: int) -> int:
    """Connections to it that their clients hold; one that only this side keeps open is none."""
    connections = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(1 for _, local, _, state, *_ in connections if local.endswith(f":{port:04X}") and state == "01")
