"""The signing keys, changed by auth_worker's own code: nobody else can seal or open one."""

import os
import subprocess
import sys
from collections.abc import Mapping

from ops.errors import OpsError
from ops.postgres import Postgres
from ops.rabbitmq import RabbitMQ
from ops.secrets import keep
from ops.state import ROOT, running_state, state_folder
from ops.wiring import Replica, Wiring

_NEEDED = ("DATABASE_URL", "SEALING_KEYS")


def rotate(*, force: bool) -> int:
    """The exit code."""
    arguments = ["--force"] if force else []
    command = [sys.executable, "-m", "auth_worker.rotation", *arguments]
    return subprocess.run(command, cwd=ROOT, env=_environment(), check=False).returncode


def _environment() -> Mapping[str, str]:
    if all(name in os.environ for name in _NEEDED):
        return os.environ
    state = running_state()
    if state is None:
        raise OpsError("There are no keys here: start the local stack, or give this command auth_worker's environment.")
    rabbitmq = RabbitMQ(state_folder() / "rabbitmq")
    rabbitmq.port = state["ports"]["amqp"]
    postgres = Postgres(state_folder() / "postgres", port=state["ports"]["postgres"])
    wiring = Wiring(state["ports"], keep(state_folder() / "secrets.json"), postgres, rabbitmq)
    return wiring.environment(Replica("auth_worker", 1))
