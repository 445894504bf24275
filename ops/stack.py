"""`up`: everything on this machine, from an empty folder to answering services, and back to nothing."""

import asyncio
import fcntl
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from ops import logs, migrate, processes, rabbitmq_files, screen, topology
from ops.errors import OpsError
from ops.ports import free_port_like
from ops.postgres import Postgres
from ops.rabbitmq import RabbitMQ
from ops.secrets import keep
from ops.service import Service
from ops.state import (
    ServiceState,
    StackState,
    cache_folder,
    make_logs_folder,
    read_state,
    running_state,
    state_folder,
    write_state,
)
from ops.supervisor import Supervised, Supervisor
from ops.unprivileged import account, forget, make_passable
from ops.wiring import VHOST, Replica, Wiring, niceness, wanted_ports

_SERVICE_ATTEMPTS = 4


@dataclass
class Stack:
    replicas: list[Replica]
    say: Callable[[str], None]
    began: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.postgres = Postgres(state_folder() / "postgres", cache=cache_folder())
        self.rabbitmq = RabbitMQ(state_folder() / "rabbitmq", cache=cache_folder())
        self.supervisor = Supervisor(self._changed, self._tell)
        self._wiring: Wiring | None = None
        self._state = "starting"
        me = processes.find(os.getpid())
        self._started = me.started if me else ""

    @property
    def wiring(self) -> Wiring:
        if self._wiring is None:
            raise RuntimeError("the stack is not prepared")
        return self._wiring

    def prepare(self, *, fresh: bool) -> None:
        """What an earlier run left is ended, and ports and secrets are chosen."""
        self.end_orphans()
        if fresh:
            self.postgres.forget()
            self.rabbitmq.forget()
            forget(state_folder() / "mail")
            forget(state_folder() / "files")
            (state_folder() / "secrets.json").unlink(missing_ok=True)
        earlier = read_state()
        kept = earlier["ports"] if earlier else {}
        ports = {name: free_port_like(kept.get(name, port)) for name, port in wanted_ports(self.replicas).items()}
        moved = [name for name, port in wanted_ports(self.replicas).items() if ports[name] != port]
        if moved:
            others = ", ".join(f"{name} {ports[name]}" for name in moved)
            self._tell(f"Their usual ports are or were taken, so these have others: {others}.")
        if self.postgres.folder.parent != state_folder():
            self._tell(f"Data are in {self.postgres.folder.parent}: `nobody` may not enter {state_folder()}.")
        self.postgres.port = ports["postgres"]
        self.rabbitmq.port, self.rabbitmq.management_port = ports["amqp"], ports["management"]
        self.rabbitmq.prometheus_port = ports["rabbitmq metrics"]
        secrets = keep(state_folder() / "secrets.json")
        self._wiring = Wiring(ports, secrets, self.postgres, self.rabbitmq)
        self._changed()

    async def start(self) -> None:
        """Returns when everything is ready."""
        mail = self._service("mail", "ops.mail_sink", "mail", self.wiring.mail_environment(state_folder() / "mail"))
        if rabbitmq_files.would_download(cache_folder(), account()):
            self._tell("Fetching RabbitMQ from the package archive (33 MB, once).")
        self.supervisor.launch([self.postgres, self.rabbitmq, mail])
        await asyncio.gather(self._migrated(), self._declared(), self.supervisor.ready("mail"))
        services = [
            self._service(each.name, each.service, each.health_port, self.wiring.environment(each))
            for each in self.replicas
        ]
        # Two stages for the order in which they stop; they start together.
        for gateway in (False, True):
            stage = [service for service in services if (service.module == "gateway") is gateway]
            self.supervisor.launch(stage, attempts=_SERVICE_ATTEMPTS)
        await self.supervisor.ready(*(service.name for service in services))
        self._tell(f"All {len(services)} services are ready.")
        self._state = "ready"
        self._changed()

    async def stop(self) -> None:
        self._state = "stopping"
        self._changed()
        await self.supervisor.stop()
        self._state = "stopped"
        self._changed()

    async def _migrated(self) -> None:
        await self.supervisor.ready("postgres")
        self._tell(f"Postgres listens on {self.postgres.port}.")
        applied = await migrate.migrate(self.postgres.superuser_url, self.wiring.database_passwords)
        self._tell(f"{len(applied)} migrations applied.")

    async def _declared(self) -> None:
        await self.supervisor.ready("rabbitmq")
        self._tell(f"RabbitMQ listens on {self.rabbitmq.port}.")
        await topology.declare(
            self.rabbitmq.management_url, VHOST, self.rabbitmq.admin, passwords=self.wiring.amqp_passwords
        )
        self._tell("Exchanges, queues and users are declared.")

    def _service(self, name: str, module: str, port: str, environment: dict[str, str]) -> Service:
        log = make_logs_folder() / f"{name}.log"
        return Service(name, module, environment, log, self.wiring.ports[port], self._changed, niceness(module))

    def _tell(self, text: str) -> None:
        self.say(f"{time.monotonic() - self.began:5.1f} s  {text}")

    def end_orphans(self) -> bool:
        """What a killed supervisor left."""
        earlier = read_state()
        recorded = list(earlier["services"].items()) if earlier else []
        # The two servers know best how they want to be ended.
        left = {(each["pid"], each["started"]) for name, each in recorded if name not in {"postgres", "rabbitmq"}}
        ended = processes.end_matching(lambda process: (process.pid, process.started) in left, 10.0)
        if ended + self.postgres.end_orphan() + self.rabbitmq.end_orphan() == 0:
            return False
        self._tell("Ended what an interrupted run had left.")
        return True

    @property
    def state(self) -> StackState:
        services = {name: self._describe(name, each) for name, each in self.supervisor.supervised.items()}
        return StackState(
            state=self._state,
            pid=os.getpid(),
            started=self._started,
            ports=dict(self.wiring.ports),
            services=services,
            urls=self.wiring.urls(),
        )

    def _changed(self) -> None:
        if self._wiring:
            write_state(self.state)

    def _describe(self, name: str, each: Supervised) -> ServiceState:
        process = processes.find(each.unit.pid) if each.unit.pid else None
        url, metrics_url = self._urls_of(name)
        return ServiceState(
            state=each.state,
            pid=process.pid if process else None,
            started=process.started if process else None,
            restarts=each.restarts,
            url=url,
            metrics_url=metrics_url,
        )

    def _urls_of(self, name: str) -> tuple[str | None, str | None]:
        ports, urls = self.wiring.ports, self.wiring.urls()
        match name:
            case "postgres":
                return urls["database_url"], None
            case "rabbitmq":
                return urls["amqp_url"], self.rabbitmq.metrics_url
            case "mail":
                return urls["mail_url"], None
        health = f"http://127.0.0.1:{ports[f'{name} health']}"
        return (f"http://127.0.0.1:{ports[name]}" if name in ports else health), f"{health}/metrics"


def refuse_second() -> None:
    state = running_state()
    if state:
        where = state["urls"]["gateway_url"]
        raise OpsError(f"Taskmesh already runs here, at {where} (see `taskmesh status`). Stop it with `taskmesh down`.")


@contextmanager
def only_one() -> Iterator[None]:
    """One stack per state folder, for as long as this process lives."""
    make_passable(state_folder())
    lock = os.open(state_folder() / "up.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as locked:
        refuse_second()
        raise OpsError("Another `taskmesh up` is just starting here. See `taskmesh status` in a moment.") from locked
    else:
        yield
    finally:
        os.close(lock)


async def run(stack: Stack, *, fresh: bool, verbose: bool) -> int:
    """Until a signal says otherwise; the exit code."""
    received: list[signal.Signals] = []
    stop = asyncio.Event()

    def interrupt(number: signal.Signals) -> None:
        received.append(number)
        stop.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, interrupt, number)
    await asyncio.to_thread(stack.prepare, fresh=fresh)
    following = asyncio.create_task(logs.follow(logs.log_files, screen.named_talk)) if verbose else None
    starting, interrupted = asyncio.create_task(stack.start()), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({starting, interrupted}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            await starting
            screen.show_welcome(stack.state)
            await interrupted
            stack.say("Stopping.")
    finally:
        tasks = {task for task in (starting, interrupted, following) if task}
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await stack.stop()
    return 130 if signal.SIGINT in received else 0
