"""Every alert fires when it should, keeps quiet when it should, and says what to do."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from ops.state import ROOT
from tests.observability.prometheus import run

RULES = ROOT / "observability/rules"
ALERTS: dict[str, dict[str, Any]] = {
    rule["alert"]: rule
    for group in yaml.safe_load((RULES / "alerts.yaml").read_text())["groups"]
    for rule in group["rules"]
}
HOUR = 60  # minutes, which are the steps below


def _requests(failing: int, *, slow: int = 0) -> dict[str, str]:
    """A hundred answers a minute, `failing` of them failures and `slow` of them slower than 250 ms."""
    name, labels = "http_server_request_duration_seconds", 'service="gateway",http_route="/v1/tasks"'
    ok, bad = f'{labels},http_response_status_code="200"', f'{labels},http_response_status_code="503"'
    return {
        f"{name}_count{{{ok}}}": f"0+{100 - failing}x{2 * HOUR}",
        f"{name}_count{{{bad}}}": f"0+{failing}x{2 * HOUR}",
        f'{name}_bucket{{{ok},le="0.25"}}': f"0+{100 - failing - slow}x{2 * HOUR}",
        f'{name}_bucket{{{bad},le="0.25"}}': f"0+{failing}x{2 * HOUR}",
    }


def _steady(series: str, value: float) -> dict[str, str]:
    return {series: f"{value}+0x{HOUR}"}


def _rising(series: str, by: float) -> dict[str, str]:
    return {series: f"0+{by}x{HOUR}"}


COMMAND = "taskmesh_command_duration_seconds_count"
AGE = 'taskmesh_message_age_seconds_bucket{messaging_destination_name="tasks.commands"'
POOL = 'service="auth_worker",instance="a"'
MESH = (
    'istio_tcp_connections_opened_total{reporter="destination",destination_workload_namespace="taskmesh",'
    'source_workload="x",destination_workload="postgres",connection_security_policy='
)
HPA = 'namespace="taskmesh",horizontalpodautoscaler="gateway"'

# What makes it fire, and what does not.
CASES: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "TaskmeshErrorBudgetBurnsFast": (_requests(3), _requests(0)),
    "TaskmeshErrorBudgetBurns": (_requests(1), _requests(0)),
    "TaskmeshApiIsSlow": (_requests(0, slow=10), _requests(0, slow=2)),
    "TaskmeshServiceIsDown": (_steady('up{service="notifier"}', 0), _steady('up{service="notifier"}', 1)),
    "TaskmeshBrokerIsAway": (
        _steady('taskmesh_broker_up{service="gateway",connection="publish"}', 0),
        _steady('taskmesh_broker_up{service="gateway",connection="publish"}', 1),
    ),
    "TaskmeshNothingConsumes": (
        _steady('taskmesh_consumer_up{messaging_destination_name="tasks.commands",instance="a"}', 0),
        _steady('taskmesh_consumer_up{messaging_destination_name="tasks.commands",instance="a"}', 0)
        | _steady('taskmesh_consumer_up{messaging_destination_name="tasks.commands",instance="b"}', 1),
    ),
    "TaskmeshOutcomesUnknown": (
        _rising(f'{COMMAND}{{command="a",outcome="ok"}}', 50)
        | _rising(f'{COMMAND}{{command="a",outcome="unknown"}}', 1),
        _rising(f'{COMMAND}{{command="a",outcome="ok"}}', 500)
        | _rising(f'{COMMAND}{{command="a",outcome="unknown"}}', 1),
    ),
    "TaskmeshMessagesAreOld": (
        _rising(f'{AGE},le="2.5"}}', 10) | _rising(f'{AGE},le="5"}}', 100) | _rising(f'{AGE},le="+Inf"}}', 100),
        _rising(f'{AGE},le="1"}}', 100) | _rising(f'{AGE},le="5"}}', 100) | _rising(f'{AGE},le="+Inf"}}', 100),
    ),
    "TaskmeshDefects": (
        _rising('messaging_process_duration_seconds_count{messaging_destination_name="a",outcome="defect"}', 1),
        _rising('messaging_process_duration_seconds_count{messaging_destination_name="a",outcome="done"}', 1),
    ),
    "TaskmeshMessagesAreParked": (
        _rising('taskmesh_messages_set_aside_total{messaging_destination_name="a",reason="malformed"}', 1),
        _rising('taskmesh_messages_set_aside_total{messaging_destination_name="a",reason="retry"}', 1),
    ),
    "TaskmeshOutboxIsStuck": (
        _steady('taskmesh_outbox_oldest_pending_age_seconds{service="task_worker"}', 60),
        _steady('taskmesh_outbox_oldest_pending_age_seconds{service="task_worker"}', 5),
    ),
    "TaskmeshPasswordsQueue": (
        _steady(f"taskmesh_password_hash_pool_queued{{{POOL}}}", 3)
        | _steady(f"taskmesh_password_hash_pool_busy{{{POOL}}}", 2)
        | _steady(f"taskmesh_password_hash_pool_workers{{{POOL}}}", 2),
        _steady(f"taskmesh_password_hash_pool_queued{{{POOL}}}", 3)
        | _steady(f"taskmesh_password_hash_pool_busy{{{POOL}}}", 1)
        | _steady(f"taskmesh_password_hash_pool_workers{{{POOL}}}", 2),
    ),
    "TaskmeshDatabasePoolIsEmpty": (
        _steady(f'db_client_connection_count{{{POOL},state="used"}}', 16)
        | _steady(f"db_client_connection_max{{{POOL}}}", 16)
        | _steady(f"db_client_connection_pending_requests{{{POOL}}}", 1),
        _steady(f'db_client_connection_count{{{POOL},state="used"}}', 16)
        | _steady(f"db_client_connection_max{{{POOL}}}", 16)
        | _steady(f"db_client_connection_pending_requests{{{POOL}}}", 0),
    ),
    "TaskmeshEventLoopIsBlocked": (
        _steady(f"taskmesh_event_loop_lag_seconds{{{POOL}}}", 1),
        _steady(f"taskmesh_event_loop_lag_seconds{{{POOL}}}", 0.01),
    ),
    "TaskmeshUnroutable": (
        _rising('messaging_client_sent_messages_total{messaging_destination_name="a",outcome="unroutable"}', 1),
        _rising('messaging_client_sent_messages_total{messaging_destination_name="a",outcome="confirmed"}', 1),
    ),
    "TaskmeshParkingIsNotEmpty": (
        _steady('rabbitmq_detailed_queue_messages_ready{queue="parking"}', 1),
        _steady('rabbitmq_detailed_queue_messages_ready{queue="tasks.commands"}', 1),
    ),
    "TaskmeshBrokerAlarm": (
        _steady('rabbitmq_alarms_free_disk_space_watermark{instance="a"}', 1),
        _steady('rabbitmq_alarms_free_disk_space_watermark{instance="a"}', 0),
    ),
    "TaskmeshPlaintextInMesh": (_rising(f'{MESH}"none"}}', 1), _rising(f'{MESH}"mutual_tls"}}', 1)),
    "TaskmeshMeshConfigIsRejected": (_rising("pilot_total_xds_rejects", 1), _rising("pilot_total_xds_rejects", 0)),
    "TaskmeshCannotScale": (
        _steady(f"kube_horizontalpodautoscaler_status_current_replicas{{{HPA}}}", 10)
        | _steady(f"kube_horizontalpodautoscaler_spec_max_replicas{{{HPA}}}", 10),
        _steady(f"kube_horizontalpodautoscaler_status_current_replicas{{{HPA}}}", 9)
        | _steady(f"kube_horizontalpodautoscaler_spec_max_replicas{{{HPA}}}", 10),
    ),
}


def _case(alert: str, series: dict[str, str], *, fires: bool) -> dict[str, Any]:
    minutes = max(int(values.rpartition("x")[2]) for values in series.values())
    firing = f'count(ALERTS{{alertname="{alert}",alertstate="firing"}})'
    expected = [{"labels": "{}", "value": 1}] if fires else []
    return {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [{"expr": firing, "eval_time": f"{minutes}m", "exp_samples": expected}],
    }


def test_promtool_takes_the_rules() -> None:
    run("promtool", "check", "rules", *sorted(RULES.glob("*.yaml")))


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_fires_when_it_should_and_only_then(alert: str, tmp_path: Path) -> None:
    fire, quiet = CASES[alert]
    cases = [_case(alert, fire, fires=True), _case(alert, quiet, fires=False)]
    document = {"rule_files": [str(path) for path in sorted(RULES.glob("*.yaml"))], "tests": cases}
    document["evaluation_interval"] = "1m"
    (tmp_path / "test.yaml").write_text(json.dumps(document))
    run("promtool", "test", "rules", tmp_path / "test.yaml")


def test_no_alert_goes_untested() -> None:
    assert CASES.keys() == ALERTS.keys()


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_says_what_to_do(alert: str) -> None:
    rule = ALERTS[alert]
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert rule["annotations"].keys() == {"summary", "description", "runbook_url"}
    path = ROOT / rule["annotations"]["runbook_url"].partition("/blob/main/")[2]
    assert path.read_text().startswith(f"# {alert}\n\n{rule['annotations']['summary']}\n")


def test_no_runbook_is_left_over() -> None:
    assert {path.stem for path in (ROOT / "docs/runbooks").glob("*.md")} == set(ALERTS)


@pytest.mark.parametrize(("severity", "receiver"), [("critical", "on-call"), ("warning", "team")])
def test_who_is_told(severity: str, receiver: str) -> None:
    config = ROOT / "observability/alertmanager.yaml"
    run("amtool", "check-config", config)
    told = run("amtool", "config", "routes", "test", f"--config.file={config}", f"severity={severity}", "alertname=X")
    assert told.strip() == receiver
