"""Every overlay and combination is what an API server would take."""

from collections.abc import Callable

import pytest

from tests.manifests.building import BUILDS, OVERLAYS, Manifest, built, named
from tests.manifests.rules import broken_rules
from tests.manifests.schemas import complaints, has_schema

FLUX = ("flux/infrastructure", *(f"flux/clusters/{name}" for name in OVERLAYS))
PRODUCTION = "k8s/overlays/production"


@pytest.mark.parametrize("folder", [*BUILDS, *FLUX])
def test_every_manifest_has_its_schema(folder: str) -> None:
    found = {
        f"{each['kind']} {each['metadata']['name']}: {line}"
        for each in built(folder)
        if has_schema(each)
        for line in complaints(each)
    }
    assert found == set()


def test_no_manifest_is_passed_over() -> None:
    kinds = {each["kind"] for folder in (*BUILDS, *FLUX) for each in built(folder) if not has_schema(each)}
    if kinds:
        pytest.skip(f"of {', '.join(sorted(kinds))} there are schemas neither beside the project nor in a wheel")


@pytest.mark.parametrize("folder", BUILDS)
def test_every_manifest_keeps_istios_rules(folder: str) -> None:
    assert [line for each in built(folder) for line in broken_rules(each)] == []


def _set(*path: str | int, value: object) -> Callable[[Manifest], None]:
    def change(manifest: Manifest) -> None:
        place = manifest
        for step in path[:-1]:
            place = place[step]  # type: ignore[index]
        place[path[-1]] = value  # type: ignore[index]

    return change


@pytest.mark.parametrize(
    ("kind", "name", "mistake"),
    [
        ("Deployment", "gateway", _set("spec", "template", "spec", "containers", 0, "securityContxt", value={})),
        ("NetworkPolicy", "rabbitmq", _set("spec", "ingres", value=[])),
        ("VirtualService", "gateway", _set("spec", "http", 0, "timout", value="5s")),
        ("PeerAuthentication", "default", _set("spec", "mtls", "mode", value="STRIKT")),
        ("AuthorizationPolicy", "rabbitmq", _set("spec", "rules", 0, "to", 0, "operation", "port", value="5672")),
        ("RabbitmqCluster", "rabbitmq", _set("spec", "replica", value=3)),
        ("Cluster", "postgres", _set("spec", "managed", "roles", 0, "superUser", value=True)),
        ("ScaledObject", "auth-worker", _set("spec", "triggers", 0, "metadata", "threshold", value=20)),
        ("ExternalSecret", "gateway", _set("spec", "target", "templates", value={})),
        ("Certificate", "rabbitmq-distribution", _set("spec", "dnsName", value="x")),
    ],
)
def test_a_misspelt_field_is_found(kind: str, name: str, mistake: Callable[[Manifest], None]) -> None:
    manifest = named(built(PRODUCTION), kind, name)
    if not has_schema(manifest):
        pytest.skip(f"of {kind} there is a schema neither beside the project nor in a wheel")
    assert not list(complaints(manifest))
    mistake(manifest)
    assert list(complaints(manifest))


@pytest.mark.parametrize(
    ("kind", "name", "mistake"),
    [
        ("AuthorizationPolicy", "rabbitmq", _set("spec", "rules", 0, "from", 0, "source", "principals", value=["x"])),
        ("VirtualService", "gateway", _set("spec", "http", 0, "timeout", value="5 seconds")),
        ("PeerAuthentication", "rabbitmq", lambda manifest: manifest["spec"].pop("selector")),
    ],
)
def test_a_rule_that_no_schema_has_is_kept(kind: str, name: str, mistake: Callable[[Manifest], None]) -> None:
    manifest = named(built(PRODUCTION), kind, name)
    mistake(manifest)
    assert list(broken_rules(manifest))
