"""A private RabbitMQ node: one folder, five loopback ports, a cookie of its own."""

import asyncio
import base64
import json
import os
import secrets
import signal
from contextlib import suppress
from pathlib import Path
from typing import Self
from urllib.parse import quote

from ops import processes, rabbitmq_files
from ops.errors import OpsError
from ops.logfile import last_lines, rotate
from ops.ports import free_port
from ops.probes import accepts, answers, speaks_amqp
from ops.starting import ready_within
from ops.state import cache_folder
from ops.unprivileged import account, forget, make_private, minimal_environment, reachable, write_private

ADMIN = "admin"
_START_SECONDS = 120.0
_STOP_SECONDS = 25.0

# The database in the folder belongs to this name, so it never changes. Nodes do not meet: each has its own epmd.
_NODE = "taskmesh@localhost"
# The management plug-in holds up the end of the emulator for 6 s when everything has long been written.
_EMULATOR = "+S 1:1 +sbwt none +sbwtdcpu none +sbwtdio none -shutdown_time 2000"


class RabbitMQ:
    """Ports left 0 are chosen at the first start and kept for the later ones."""

    name = "rabbitmq"

    def __init__(self, folder: Path, *, port: int = 0, management_port: int = 0, cache: Path | None = None) -> None:
        self._account = account()
        self.folder = reachable(folder, self._account)
        self.log = self.folder / "rabbitmq.log"
        self.port = port
        self.management_port = management_port
        self.prometheus_port = 0
        self.admin_password = ""
        self._distribution_port = 0
        self._epmd_port = 0
        self._cache = cache or cache_folder()
        self._node: asyncio.subprocess.Process | None = None
        self._epmd: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def pid(self) -> int | None:
        return self._node.pid if self._node and self._node.returncode is None else None

    @property
    def management_url(self) -> str:
        return f"http://127.0.0.1:{self.management_port}"

    @property
    def metrics_url(self) -> str:
        return f"http://127.0.0.1:{self.prometheus_port}/metrics"

    @property
    def admin(self) -> tuple[str, str]:
        return ADMIN, self.admin_password

    def amqp_url(self, user: str, password: str, vhost: str) -> str:
        return f"amqp://{quote(user)}:{quote(password, safe='')}@127.0.0.1:{self.port}/{quote(vhost, safe='')}"

    async def start(self) -> None:
        await asyncio.to_thread(self.end_orphan)
        make_private(self.folder, self._account)
        files = await asyncio.to_thread(rabbitmq_files.find, self._cache, self._account)
        self.admin_password = self._kept_password()
        self._choose_ports()
        self._configure()
        environment = self._environment(files)
        rotate(self.log)
        async with ready_within(_START_SECONDS, "RabbitMQ", self.log, kill=self.kill):
            self._epmd = await self._spawn(environment, "epmd", "-address", "127.0.0.1", "-port", str(self._epmd_port))
            await self._epmd_answers()
            self._node = await self._spawn(environment, str(files.server))
            self._record()
            await self._ready(self._node)

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    async def wait(self) -> int:
        return await self._node.wait() if self._node else 0

    async def stop(self) -> None:
        if self._node is None:
            return
        with suppress(ProcessLookupError):
            self._node.terminate()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._node.wait(), _STOP_SECONDS)
        await self.kill()

    async def kill(self) -> None:
        """As a power cut would. Returns when the node, its port programs and epmd are gone."""
        children = [child for child in (self._node, self._epmd) if child]
        self._node = self._epmd = None
        family = [
            process for child in children for process in await asyncio.to_thread(processes.descendants, child.pid)
        ]
        for child in children:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            await child.wait()
        left = await asyncio.to_thread(processes.wait_gone, family, 3.0)
        await asyncio.to_thread(processes.end, left, 1.0)
        await asyncio.to_thread(self.end_orphan)

    async def control(self, *arguments: str) -> None:
        """`rabbitmqctl`."""
        files = await asyncio.to_thread(rabbitmq_files.find, self._cache, self._account)
        program = str(files.server.with_name("rabbitmqctl"))
        process = await self._spawn(self._environment(files), program, *arguments)
        if await process.wait() != 0:
            raise OpsError(f"rabbitmqctl {' '.join(arguments)} ended with {process.returncode}; see {self.log}.")

    def forget(self) -> None:
        forget(self.folder)

    def end_orphan(self) -> bool:
        """Ends what a killed supervisor left: the node by the folder in its command line, epmd by its record."""
        try:
            recorded: list[list[int | str]] = json.loads((self.folder / "processes.json").read_text())
        except (FileNotFoundError, ValueError):
            recorded = []
        except PermissionError as denied:
            raise OpsError(
                f"{self.folder} belongs to another user. Start taskmesh as the user who started it before, "
                "or set TASKMESH_STATE to a folder of your own."
            ) from denied
        home = f"-home {self.folder} "

        def is_ours(process: processes.Process) -> bool:
            return [process.pid, process.started] in recorded or home in process.command

        return processes.end_matching(is_ours, _STOP_SECONDS) > 0

    def _kept_password(self) -> str:
        path = self.folder / "admin_password"
        if not path.exists():
            write_private(path, secrets.token_urlsafe(24))
        return path.read_text()

    def _choose_ports(self) -> None:
        self.port = self.port or free_port()
        self.management_port = self.management_port or free_port()
        self.prometheus_port = self.prometheus_port or free_port()
        self._distribution_port = self._distribution_port or free_port()
        self._epmd_port = self._epmd_port or free_port()

    def _configure(self) -> None:
        settings = {
            "listeners.tcp.local": f"127.0.0.1:{self.port}",
            "management.tcp.ip": "127.0.0.1",
            "management.tcp.port": self.management_port,
            "prometheus.tcp.ip": "127.0.0.1",
            "prometheus.tcp.port": self.prometheus_port,
            "default_user": ADMIN,
            "default_pass": self.admin_password,
            "log.console": "true",
            "log.console.level": "info",
            "log.file": "false",
            "vm_memory_high_watermark.absolute": "1GB",
            "disk_free_limit.absolute": "50MB",
            "raft.wal_max_size_bytes": 64_000_000,
        }
        lines = [f"{name} = {value}\n" for name, value in settings.items()]
        write_private(self.folder / "rabbitmq.conf", "".join(lines), self._account)
        plugins = "[rabbitmq_management,rabbitmq_prometheus].\n"
        write_private(self.folder / "enabled_plugins", plugins, self._account)

    def _environment(self, files: rabbitmq_files.RabbitMQFiles) -> dict[str, str]:
        path = [*(str(folder) for folder in files.programs), os.environ.get("PATH", os.defpath)]
        return minimal_environment(
            self.folder,
            {
                "PATH": ":".join(path),
                "RABBITMQ_NODENAME": _NODE,
                "RABBITMQ_CONF_ENV_FILE": "/dev/null",
                "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
                "RABBITMQ_ADVANCED_CONFIG_FILE": str(self.folder / "advanced.config"),
                "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "enabled_plugins"),
                "RABBITMQ_MNESIA_BASE": str(self.folder / "data"),
                "RABBITMQ_LOG_BASE": str(self.folder),
                "RABBITMQ_LOGS": "-",
                "RABBITMQ_DIST_PORT": str(self._distribution_port),
                "ERL_EPMD_PORT": str(self._epmd_port),
                "ERL_EPMD_ADDRESS": "127.0.0.1",
                "ERL_CRASH_DUMP_SECONDS": "0",
                "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": f"-kernel inet_dist_use_interface {{127,0,0,1}} {_EMULATOR}",
                # Makes the start script become the node instead of waiting for it.
                "RUNNING_UNDER_SYSTEMD": "true",
                **files.environment,
            },
        )

    async def _spawn(self, environment: dict[str, str], *command: str) -> asyncio.subprocess.Process:
        with self.log.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=environment,
                start_new_session=True,
                **self._account.credentials,
            )

    def _record(self) -> None:
        """For the next start, should this process be killed."""
        pids = [child.pid for child in (self._epmd, self._node) if child]
        recorded = [[found.pid, found.started] for pid in pids if (found := processes.find(pid))]
        write_private(self.folder / "processes.json", json.dumps(recorded))

    async def _epmd_answers(self) -> None:
        while not await accepts(self._epmd_port):
            if self._epmd and self._epmd.returncode is not None:
                raise OpsError(f"Erlang's epmd did not start.\nThe end of {self.log}:\n{last_lines(self.log)}")
            await asyncio.sleep(0.02)

    async def _ready(self, node: asyncio.subprocess.Process) -> None:
        credentials = base64.b64encode(":".join(self.admin).encode()).decode()
        while node.returncode is None:
            if await speaks_amqp(self.port) and await answers(
                self.management_port, "/api/whoami", authorization=f"Basic {credentials}"
            ):
                return
            await asyncio.sleep(0.1)
        raise OpsError(f"RabbitMQ ended while it started.\nThe end of {self.log}:\n{last_lines(self.log)}")
