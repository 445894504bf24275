"""Which Postgres and which RabbitMQ a command is about: those the environment names, else the local stack's."""

import os
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from ops.errors import OpsError
from ops.migrate import ROLES
from ops.secrets import keep, passwords
from ops.state import running_state, state_folder
from ops.wiring import SERVICES, VHOST


@dataclass(frozen=True)
class Broker:
    management_url: str
    vhost: str
    credentials: tuple[str, str]
    passwords: dict[str, str]


def _passwords_in_environment(names: tuple[str, ...], kind: str) -> dict[str, str]:
    """From `TASK_WORKER_DATABASE_URL` and the like, which the services are given anyway."""
    urls = {name: os.environ.get(f"{name.upper()}_{kind}_URL", "") for name in names}
    return {name: unquote(urlsplit(url).password or "") for name, url in urls.items() if url}


def migration_target() -> tuple[str, dict[str, str]]:
    """A superuser's URL, and the password of each role."""
    if url := os.environ.get("MIGRATION_DATABASE_URL"):
        return url, _passwords_in_environment(ROLES, "DATABASE")
    state = running_state()
    if state is None:
        raise OpsError("There is nothing to migrate: set MIGRATION_DATABASE_URL, or start the local stack.")
    from ops.postgres import Postgres  # noqa: PLC0415  # late: not needed in a container

    postgres = Postgres(state_folder() / "postgres", port=state["ports"]["postgres"])
    return postgres.superuser_url, passwords(keep(state_folder() / "secrets.json"), "DATABASE")


@dataclass(frozen=True)
class OperatorUrls:
    database: str
    amqp: str


def operator_urls() -> OperatorUrls:
    database, amqp = (os.environ.get(f"OPERATOR_{kind}_URL") for kind in ("DATABASE", "AMQP"))
    if database and amqp:
        return OperatorUrls(database, amqp)
    state = running_state()
    if state is None:
        raise OpsError("There is no stack: set OPERATOR_DATABASE_URL and OPERATOR_AMQP_URL, or start the local one.")
    return OperatorUrls(state["urls"]["database_url"], state["urls"]["amqp_url"])


def broker_target() -> Broker:
    if url := os.environ.get("MANAGEMENT_URL"):
        parts = urlsplit(url)
        address = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
        credentials = unquote(parts.username or ""), unquote(parts.password or "")
        own = _passwords_in_environment((*SERVICES, "operator"), "AMQP")
        return Broker(address, os.environ.get("AMQP_VHOST", VHOST), credentials, own)
    state = running_state()
    if state is None:
        raise OpsError("There is no broker: set MANAGEMENT_URL (http://user:password@host:15672), or start the stack.")
    own = passwords(keep(state_folder() / "secrets.json"), "AMQP")
    address = f"http://127.0.0.1:{state['ports']['management']}"
    return Broker(address, VHOST, ("operator", own["operator"]), own)


def amqp_address() -> tuple[str, int]:
    """Where a subscriber connects to."""
    if url := os.environ.get("MANAGEMENT_URL"):
        return urlsplit(url).hostname or "localhost", int(os.environ.get("AMQP_PORT", "5672"))
    state = running_state()
    if state is None:
        raise OpsError("There is no broker: set MANAGEMENT_URL (http://user:password@host:15672), or start the stack.")
    return "127.0.0.1", state["ports"]["amqp"]


def operator_database_url() -> str:
    """Reads every schema, and changes none."""
    if url := os.environ.get("OPERATOR_DATABASE_URL"):
        return url
    state = running_state()
    if state is None:
        raise OpsError("There is no database: set OPERATOR_DATABASE_URL, or start the local stack.")
    return str(state["urls"]["database_url"])
