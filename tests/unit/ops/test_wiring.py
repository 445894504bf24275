from pathlib import Path

import pytest

from ops.errors import OpsError
from ops.postgres import Postgres
from ops.rabbitmq import RabbitMQ
from ops.secrets import complete
from ops.wiring import Replica, Wiring, parse_replicas, wanted_ports


def names(*texts: str) -> list[str]:
    return [replica.name for replica in parse_replicas(list(texts))]


def test_each_service_runs_once_unless_told_otherwise() -> None:
    assert names() == ["auth_worker", "task_worker", "notifier", "gateway"]


def test_replicas_are_numbered_from_the_second_on() -> None:
    assert names("task_worker=3") == [
        "auth_worker", "task_worker", "task_worker-2", "task_worker-3", "notifier", "gateway",
    ]  # fmt: skip
    assert names("task_worker=2,gateway=2") == names("task_worker=2", "gateway=2")


@pytest.mark.parametrize("text", ["cleaner=2", "gateway", "gateway=", "gateway=0", "gateway=two", "gateway=99"])
def test_replicas_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(OpsError, match="--replicas task_worker=2"):
        parse_replicas([text])


def test_another_replica_moves_nobodys_port() -> None:
    alone, more = wanted_ports(parse_replicas([])), wanted_ports(parse_replicas(["auth_worker=2", "gateway=2"]))
    assert alone.items() <= more.items()
    assert more["gateway-2"] == 8081
    assert len(set(more.values())) == len(more)


@pytest.fixture
def wiring(tmp_path: Path) -> Wiring:
    ports = wanted_ports(parse_replicas(["gateway=2"]))
    postgres = Postgres(tmp_path / "postgres", port=ports["postgres"])
    return Wiring(ports, complete({}), postgres, RabbitMQ(tmp_path / "rabbitmq", port=ports["amqp"]))


def test_a_service_gets_its_own_credentials_and_no_others(wiring: Wiring) -> None:
    worker, gateway = wiring.environment(Replica("task_worker", 1)), wiring.environment(Replica("gateway", 2))
    assert worker["DATABASE_URL"] == wiring.database_url("task_worker")
    assert worker["AMQP_URL"] == wiring.amqp_url("task_worker")
    assert gateway["HTTP_PORT"] == "8081"
    assert "DATABASE_URL" not in gateway
    assert "SEALING_KEYS" not in worker


def test_the_callers_environment_changes_settings_but_not_the_wiring(
    wiring: Wiring, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LOG_FORMAT", "RATE_LIMITS", "AMQP_URL"):
        monkeypatch.setenv(name, "mine")
    environment = wiring.environment(Replica("gateway", 1))
    assert environment["LOG_FORMAT"] == environment["RATE_LIMITS"] == "mine"
    assert environment["AMQP_URL"] == wiring.amqp_url("gateway")
