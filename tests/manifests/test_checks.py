"""What no schema says holds in every build, and each check catches an error that is planted for it."""

from collections.abc import Callable

import pytest

from tests.manifests import checks
from tests.manifests.building import BUILDS, OVERLAYS, Manifest, built, named, pod_of
from tests.manifests.checks import CHECKS, Check

PRODUCTION = "k8s/overlays/production"
Plant = Callable[[list[Manifest]], object]


def _partial(folder: str) -> set[str]:
    """A combination without the data layer is not asked about what the data layer makes."""
    return (
        set()
        if folder in {f"k8s/overlays/{name}" for name in OVERLAYS}
        else {"accounts_exist", "mesh_calls_are_mutual"}
    )


@pytest.mark.parametrize("folder", BUILDS)
def test_every_build_passes(folder: str) -> None:
    manifests = built(folder)
    asked = [check for check in CHECKS if check.__name__ not in _partial(folder)]
    assert [line for check in asked for line in check(manifests)] == []


def _gateway(manifests: list[Manifest]) -> Manifest:
    spec: Manifest = pod_of(named(manifests, "Deployment", "gateway"))["spec"]
    return spec


def _container(manifests: list[Manifest]) -> Manifest:
    container: Manifest = _gateway(manifests)["containers"][0]
    return container


def _spec(manifests: list[Manifest], kind: str, name: str) -> Manifest:
    spec: Manifest = named(manifests, kind, name)["spec"]
    return spec


PLANTED: tuple[tuple[Check, Plant], ...] = (
    (
        checks.weights_are_whole,
        lambda m: _spec(m, "VirtualService", "gateway")["http"][1]["route"][0].update(weight=90),
    ),
    (checks.subsets_exist, lambda m: _spec(m, "VirtualService", "gateway")["http"][1]["route"][1].update(weight=5)),
    (checks.subsets_exist, lambda m: _spec(m, "DestinationRule", "gateway")["subsets"].pop()),
    (checks.ports_say_their_protocol, lambda m: _spec(m, "Service", "valkey")["ports"][0].update(appProtocol="redis2")),
    (checks.services_lead_to_ports, lambda m: _spec(m, "Service", "gateway")["ports"][0].update(targetPort="web")),
    (
        checks.rules_name_ports_and_callers,
        lambda m: _spec(m, "AuthorizationPolicy", "postgres")["rules"][0]["to"][0]["operation"].pop("ports"),
    ),
    (
        checks.rules_name_ports_and_callers,
        lambda m: _spec(m, "AuthorizationPolicy", "postgres")["rules"][0].pop("from"),
    ),
    (checks.accounts_exist, lambda m: _gateway(m).update(serviceAccountName="gatway")),
    (checks.pods_are_contained, lambda m: _gateway(m)["securityContext"].update(runAsUser=1337)),
    (checks.pods_are_contained, lambda m: _container(m)["securityContext"].update(readOnlyRootFilesystem=False)),
    (checks.pods_are_contained, lambda m: _container(m)["resources"].pop("limits")),
    (checks.images_are_pinned, lambda m: _container(m).update(image="ghcr.io/taskmesh/taskmesh:latest")),
    (checks.long_lived_pods_are_probed, lambda m: _container(m)["readinessProbe"]["httpGet"].update(port="helth")),
    (checks.long_lived_pods_are_probed, lambda m: _container(m)["livenessProbe"]["httpGet"].update(path="/readyz")),
    (checks.drains_block_nobody, lambda m: _spec(m, "PodDisruptionBudget", "notifier").update(minAvailable=1)),
    (checks.scalers_do_not_fight, lambda m: _spec(m, "Deployment", "notifier").update(replicas=2)),
    (
        checks.scaled_containers_exist,
        lambda m: _spec(m, "ScaledObject", "notifier")["triggers"][1]["metadata"].update(containerName="x"),
    ),
    (
        checks.triggers_are_keda_s,
        lambda m: _spec(m, "ScaledObject", "notifier")["triggers"][0]["metadata"].update(treshold="1"),
    ),
    (checks.secrets_are_made, lambda m: _gateway(m)["volumes"][0]["secret"].update(secretName="gatway")),
    (checks.config_is_there, lambda m: _container(m)["envFrom"][0]["configMapRef"].update(name="environment")),
    (checks.names_agree, lambda m: _spec(m, "VirtualService", "gateway").update(hosts=["elsewhere.example.org"])),
    (
        checks.names_agree,
        lambda m: _spec(m, "EnvoyFilter", "ingress-rate-limit")["configPatches"][1]["match"]["routeConfiguration"][
            "vhost"
        ].update(name="taskmesh.example.org:80"),
    ),
    (
        checks.mesh_calls_are_mutual,
        lambda m: _spec(m, "DestinationRule", "rabbitmq")["trafficPolicy"].update(tls={"mode": "DISABLE"}),
    ),
)


@pytest.mark.parametrize(("check", "plant"), PLANTED, ids=lambda value: getattr(value, "__name__", None))
def test_a_planted_error_is_found(check: Check, plant: Plant) -> None:
    manifests = built(PRODUCTION)
    assert list(check(manifests)) == []
    plant(manifests)
    assert list(check(manifests))


def test_every_check_has_caught_something() -> None:
    assert {check for check, _ in PLANTED} == set(CHECKS)
