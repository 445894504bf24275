"""The passwords and keys of one installation, under the names that compose and Kubernetes know them by."""

import json
import secrets as random
from collections.abc import Mapping
from pathlib import Path

from chassis.sealing import OpeningKeys
from ops.unprivileged import write_private

_PASSWORDS = (
    "POSTGRES_PASSWORD",
    "AUTH_WORKER_DATABASE_PASSWORD",
    "TASK_WORKER_DATABASE_PASSWORD",
    "NOTIFIER_DATABASE_PASSWORD",
    "OPERATOR_DATABASE_PASSWORD",
    "RABBITMQ_PASSWORD",
    "GATEWAY_AMQP_PASSWORD",
    "AUTH_WORKER_AMQP_PASSWORD",
    "TASK_WORKER_AMQP_PASSWORD",
    "NOTIFIER_AMQP_PASSWORD",
    "OPERATOR_AMQP_PASSWORD",
    "GATEWAY_SECRET",
)
_KEY_HOLDERS = {"AUTH": "AUTH_WORKER", "NOTIFIER": "NOTIFIER"}


def complete(kept: Mapping[str, str]) -> dict[str, str]:
    """Everything in `kept`, and a fresh secret for each name that is not."""
    secrets = {name: random.token_hex(24) for name in _PASSWORDS} | dict(kept)
    for public, holder in _KEY_HOLDERS.items():
        private = secrets.setdefault(f"{holder}_SEALING_KEYS", OpeningKeys.generate())
        secrets[f"{public}_SEALING_KEY"] = str(OpeningKeys(*private.split(",")).sealing_key)
    return secrets


def keep(path: Path) -> dict[str, str]:
    kept: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    secrets = complete(kept)
    if secrets != kept:
        write_private(path, json.dumps(secrets, indent=2))
    return secrets


def passwords(secrets: Mapping[str, str], kind: str) -> dict[str, str]:
    """By user: `passwords(secrets, "AMQP")["gateway"]`."""
    ending = f"_{kind}_PASSWORD"
    return {name.removesuffix(ending).lower(): value for name, value in secrets.items() if name.endswith(ending)}


def as_environment_file(secrets: Mapping[str, str]) -> str:
    return "".join(f"{name}={value}\n" for name, value in secrets.items())
