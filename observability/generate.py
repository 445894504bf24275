"""Writes what Grafana and the Prometheus operator read: `python -m observability.generate`."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder

from observability.dashboards.commands import COMMANDS
from observability.dashboards.messaging import MESSAGING
from observability.dashboards.platform import PLATFORM
from observability.dashboards.service_level import SERVICE_LEVEL
from observability.dashboards.sign_in import SIGN_IN

HERE = Path(__file__).parent
RULES = HERE / "rules"
GENERATED = HERE / "generated"

DASHBOARDS = (SERVICE_LEVEL, COMMANDS, MESSAGING, SIGN_IN, PLATFORM)


def dashboards() -> list[dict[str, Any]]:
    return [json.loads(JSONEncoder().encode(each.build())) for each in DASHBOARDS]


def _prometheus_rule() -> dict[str, Any]:
    groups = [group for path in sorted(RULES.glob("*.yaml")) for group in yaml.safe_load(path.read_text())["groups"]]
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "taskmesh", "namespace": "taskmesh"},
        "spec": {"groups": groups},
    }


def files() -> Mapping[Path, str]:
    written = {
        GENERATED / f"{each['uid']}.json": json.dumps(each, indent=2, sort_keys=True) + "\n" for each in dashboards()
    }
    header = (
        "# Written by `python -m observability.generate` from rules/; tests/observability fails when they differ.\n"
    )
    written[GENERATED / "prometheus-rule.yaml"] = header + yaml.safe_dump(_prometheus_rule(), sort_keys=False)
    return written


def main() -> None:
    for path, text in files().items():
        path.write_text(text)


if __name__ == "__main__":
    main()
