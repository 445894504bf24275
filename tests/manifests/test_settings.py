"""What the manifests tell the services is what the services read, and they are told all that they need."""

from datetime import timedelta
from pathlib import Path

import pytest
import yaml

import auth_worker.settings
import gateway.settings
import notifier.settings
import task_worker.settings
from chassis.settings import ServiceSettings
from ops import secrets
from ops.migrate import ROLES
from ops.servers import broker_target, migration_target
from ops.state import ROOT
from tests.manifests.building import OVERLAYS, Manifest, built, named, of_kind, pod_of
from tests.manifests.checks import secret_templates

SETTINGS: dict[str, type[ServiceSettings]] = {
    "gateway": gateway.settings.Settings,
    "auth-worker": auth_worker.settings.Settings,
    "task-worker": task_worker.settings.Settings,
    "notifier": notifier.settings.Settings,
}
OF_THE_STORAGE = ("AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
"""Read by the library that speaks to it."""
VALUES = (
    secrets.complete({})
    | {"SMTP_URL": "smtp://mail:1025", "OBJECT_STORAGE_URL": "s3://taskmesh-files"}
    | {name: name.lower() for name in OF_THE_STORAGE}
)


def _filled(name: str) -> dict[str, str]:
    """What scripts/secrets puts into the Secret."""
    path = ROOT / "k8s/components/external-secrets/external-secrets.yaml"
    [template] = [
        each["spec"]["target"]["template"]["data"]
        for each in yaml.safe_load_all(path.read_text())
        if each["metadata"]["name"] == name
    ]
    filled = {}
    for key, text in template.items():
        for placeholder, value in VALUES.items():
            text = text.replace(f"{{{{ .{placeholder} }}}}", value)  # noqa: PLW2901
        filled[key] = text
    return filled


def _plain(manifests: list[Manifest], container: Manifest) -> dict[str, str]:
    given: dict[str, str] = {}
    for source in container.get("envFrom", []):
        if "configMapRef" in source:
            given |= named(manifests, "ConfigMap", source["configMapRef"]["name"])["data"]
        else:
            given |= _filled(source["secretRef"]["name"])
    for variable in container.get("env", []):
        given[variable["name"]] = variable.get("value", "from-an-operator")
    for name, value in given.items():
        for other, text in given.items():
            value = value.replace(f"$({other})", text)  # noqa: PLW2901
        given[name] = value
    return given


@pytest.mark.parametrize("overlay", OVERLAYS)
@pytest.mark.parametrize("service", SETTINGS)
def test_a_service_is_told_what_it_reads(
    overlay: str, service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifests = built(f"k8s/overlays/{overlay}")
    pod = pod_of(named(manifests, "Deployment", service))["spec"]
    [container] = pod["containers"]
    plain, mounted = _plain(manifests, container), _filled(pod["volumes"][0]["secret"]["secretName"])
    fields = SETTINGS[service].model_fields
    given = {name.lower() for name in plain.keys() - set(OF_THE_STORAGE)} | set(mounted)
    assert given <= set(fields)
    assert {name for name, field in fields.items() if field.is_required()} <= given

    for name, value in plain.items():
        monkeypatch.setenv(name, value)
    for name, value in mounted.items():
        (tmp_path / name).write_text(value)
    settings = SETTINGS[service](_secrets_dir=tmp_path)
    assert settings.amqp_url.get_secret_value().startswith(f"amqp://{service.replace('-', '_')}:")
    assert settings.health_port in [port["containerPort"] for port in container["ports"]]
    assert container["args"] == [service.replace("-", "_")]
    grace = timedelta(seconds=pod["terminationGracePeriodSeconds"])
    assert grace > settings.drain_delay + settings.drain_timeout


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_jobs_find_their_servers(overlay: str, monkeypatch: pytest.MonkeyPatch) -> None:
    manifests = built(f"k8s/overlays/{overlay}")
    for job in of_kind(manifests, "Job"):
        [container] = pod_of(job)["spec"]["containers"]
        for name, value in _plain(manifests, container).items():
            monkeypatch.setenv(name, value)
    url, passwords = migration_target()
    assert (url, passwords) == ("postgres://postgres:from-an-operator@postgres-primary:5432/postgres", {})
    broker = broker_target()
    assert broker.management_url == "http://rabbitmq:15672"
    assert broker.credentials == ("from-an-operator", "from-an-operator")
    assert broker.passwords == secrets.passwords(VALUES, "AMQP")


def test_postgres_gives_every_role_of_ours_its_password() -> None:
    roles = named(built("k8s/overlays/production"), "Cluster", "postgres")["spec"]["managed"]["roles"]
    assert {role["name"] for role in roles} == set(ROLES)
    for role in roles:
        filled = _filled(role["passwordSecret"]["name"])
        assert filled == {"username": role["name"], "password": VALUES[f"{role['name'].upper()}_DATABASE_PASSWORD"]}


def test_every_secret_of_ours_has_a_place() -> None:
    used = {text for name in secret_templates() for text in _filled(name).values()}
    assert all(any(value in text for text in used) for name, value in VALUES.items() if name != "RABBITMQ_PASSWORD")
