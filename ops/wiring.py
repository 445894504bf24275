"""Which service gets which port, credential and key: the environment of each of our processes."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ops.errors import OpsError
from ops.migrate import DATABASE
from ops.postgres import Postgres
from ops.rabbitmq import RabbitMQ
from ops.secrets import passwords
from ops.state import ROOT, state_folder

VHOST = "taskmesh"
WORKERS = ("auth_worker", "task_worker", "notifier")
SERVICES = (*WORKERS, "gateway")
SERVER_PORTS = {
    "postgres": 5433,
    "amqp": 5673,
    "management": 15673,
    "rabbitmq metrics": 15693,
    "smtp": 1025,
    "mail": 8025,
}
_GATEWAY_PORT = 8080
_FIRST_HEALTH_PORT = 9101


def niceness(service: str) -> int:
    """Where every core is busy, the gateway says at once what cannot be served; auth_worker's hashes give way anyhow."""
    return 8 if service in {"task_worker", "notifier"} else 0


@dataclass(frozen=True)
class Replica:
    service: str
    number: int

    @property
    def name(self) -> str:
        return self.service if self.number == 1 else f"{self.service}-{self.number}"

    @property
    def health_port(self) -> str:
        return f"{self.name} health"


def parse_replicas(texts: list[str]) -> list[Replica]:
    """`["task_worker=2", "gateway=2"]`, each service once by default."""
    counts = dict.fromkeys(SERVICES, 1)
    for text in [part for each in texts for part in each.split(",")]:
        service, _, count = text.partition("=")
        if service not in counts or not count.isdecimal() or not 1 <= int(count) <= 20:
            raise OpsError(
                f"`--replicas {text}` cannot be read. Write a service and how many of it, such as "
                f"`--replicas task_worker=2`; services are {', '.join(SERVICES)}."
            )
        counts[service] = int(count)
    return [Replica(service, number + 1) for service, count in counts.items() for number in range(count)]


def wanted_ports(replicas: list[Replica]) -> dict[str, int]:
    """What each port is called, and which number it would like to be."""
    ports = dict(SERVER_PORTS)
    for replica in replicas:
        if replica.service == "gateway":
            ports[replica.name] = _GATEWAY_PORT + replica.number - 1
    # The first of each service before the second of any, so that another replica moves nobody's port.
    for offset, replica in enumerate(sorted(replicas, key=lambda each: each.number)):
        ports[replica.health_port] = _FIRST_HEALTH_PORT + offset
    return ports


@dataclass(frozen=True)
class Wiring:
    ports: Mapping[str, int]
    secrets: Mapping[str, str]
    postgres: Postgres
    rabbitmq: RabbitMQ

    @property
    def database_passwords(self) -> dict[str, str]:
        return passwords(self.secrets, "DATABASE")

    @property
    def amqp_passwords(self) -> dict[str, str]:
        return passwords(self.secrets, "AMQP")

    @property
    def gateway_url(self) -> str:
        return f"http://127.0.0.1:{self.ports['gateway']}"

    def database_url(self, role: str) -> str:
        return self.postgres.url(role, self.database_passwords[role], DATABASE)

    def amqp_url(self, user: str) -> str:
        return self.rabbitmq.amqp_url(user, self.amqp_passwords[user], VHOST)

    def urls(self) -> dict[str, str]:
        """For people and for tests: everything here may do what an operator may."""
        operator = f"operator:{self.amqp_passwords['operator']}"
        return {
            "gateway_url": self.gateway_url,
            "database_url": self.database_url("operator"),
            "amqp_url": self.amqp_url("operator"),
            "management_url": f"http://{operator}@127.0.0.1:{self.ports['management']}",
            "smtp_url": f"smtp://127.0.0.1:{self.ports['smtp']}",
            "mail_url": f"http://127.0.0.1:{self.ports['mail']}",
        }

    def mail_environment(self, folder: Path) -> dict[str, str]:
        return _inherited() | {
            "MAIL_FOLDER": str(folder),
            "SMTP_PORT": str(self.ports["smtp"]),
            "HTTP_PORT": str(self.ports["mail"]),
        }

    def environment(self, replica: Replica) -> dict[str, str]:
        """What the caller's environment says wins over a default, and never over how the stack is wired."""
        defaults = {
            "ENVIRONMENT": "development",
            "LOG_FORMAT": "json",
            "PUBLIC_URL": self.gateway_url,
            "MAIL_FROM": "Taskmesh <taskmesh@localhost>",
        }
        return defaults | _inherited() | dict(self._wired(replica))

    def _wired(self, replica: Replica) -> Iterator[tuple[str, str]]:
        yield "HEALTH_HOST", "127.0.0.1"
        yield "HEALTH_PORT", str(self.ports[replica.health_port])
        yield "AMQP_URL", self.amqp_url(replica.service)
        if replica.service in WORKERS:
            yield "DATABASE_URL", self.database_url(replica.service)
        match replica.service:
            case "gateway":
                yield "HTTP_HOST", "127.0.0.1"
                yield "HTTP_PORT", str(self.ports[replica.name])
                yield "GATEWAY_SECRET", self.secrets["GATEWAY_SECRET"]
                yield "AUTH_SEALING_KEY", self.secrets["AUTH_SEALING_KEY"]
                yield "NOTIFIER_SEALING_KEY", self.secrets["NOTIFIER_SEALING_KEY"]
                yield "OBJECT_STORAGE_URL", _files_url()
            case "task_worker":
                yield "OBJECT_STORAGE_URL", _files_url()
            case "auth_worker":
                yield "SEALING_KEYS", self.secrets["AUTH_WORKER_SEALING_KEYS"]
                yield "NOTIFIER_SEALING_KEY", self.secrets["NOTIFIER_SEALING_KEY"]
            case "notifier":
                yield "SEALING_KEYS", self.secrets["NOTIFIER_SEALING_KEYS"]
                yield "SMTP_URL", f"smtp://127.0.0.1:{self.ports['smtp']}"


def _files_url() -> str:
    """What the caller's environment says, such as an S3 bucket, or a folder beside the databases."""
    return os.environ.get("OBJECT_STORAGE_URL") or f"file://{state_folder()}/files"


def _inherited() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
