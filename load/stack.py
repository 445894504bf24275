"""What is under load: the stack that `./taskmesh up` started here, or any other by its address."""

import os
from dataclasses import dataclass, field

from load import cpu
from ops.errors import OpsError
from ops.migrate import DATABASE
from ops.servers import migration_target
from ops.state import running_state


@dataclass(frozen=True)
class Stack:
    url: str
    token: str | None = None
    database_url: str | None = None
    """The operator's, who reads everything."""
    amqp_url: str | None = None
    superuser_url: str | None = None
    """For the tables of the yardstick."""
    parts: cpu.Parts = field(default_factory=dict)


def find(url: str | None, token: str | None) -> Stack:
    if url:
        environment = os.environ.get
        return Stack(
            url,
            token,
            environment("OPERATOR_DATABASE_URL"),
            environment("OPERATOR_AMQP_URL"),
            environment("MIGRATION_DATABASE_URL"),
        )
    state = running_state()
    if state is None:
        raise OpsError("There is no stack: RATE_LIMITS=off ./taskmesh up --detach, or name another with --url.")
    urls, (superuser_url, _) = state["urls"], migration_target()
    superuser_url = f"{superuser_url.rpartition('/')[0]}/{DATABASE}"
    return Stack(urls["gateway_url"], token, urls["database_url"], urls["amqp_url"], superuser_url, cpu.parts_of(state))
