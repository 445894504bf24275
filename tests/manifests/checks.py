"""What no schema says. Each check yields a sentence for everything that is wrong; test_checks.py plants one error each."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import yaml

from ops.edges import GRAPH, NAMESPACE, Workload
from ops.state import ROOT
from tests.manifests.building import Manifest, named, of_kind, pod_of, selects, workloads

Check = Callable[[list[Manifest]], Iterator[str]]

_STRICT = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
_KEDA_KEYS = {
    "prometheus": {"serverAddress", "query", "threshold", "activationThreshold", "ignoreNullValues"},
    "cpu": {"value", "containerName"},
}
_MADE_BY_OPERATORS = {"rabbitmq-default-user": {"username", "password"}}


def _containers(workload: Manifest) -> list[Manifest]:
    containers: list[Manifest] = pod_of(workload)["spec"]["containers"]
    return containers


def weights_are_whole(manifests: list[Manifest]) -> Iterator[str]:
    for service in of_kind(manifests, "VirtualService"):
        for route in service["spec"]["http"]:
            if sum(destination.get("weight", 100) for destination in route["route"]) != 100:
                yield f"the weights of {route['name']} are not 100 together"


def subsets_exist(manifests: list[Manifest]) -> Iterator[str]:
    rules = {rule["spec"]["host"]: rule["spec"] for rule in of_kind(manifests, "DestinationRule")}
    for service in of_kind(manifests, "VirtualService"):
        for route in service["spec"]["http"]:
            for each in route["route"]:
                host, subset = each["destination"]["host"], each["destination"].get("subset")
                found = [s for s in rules.get(host, {}).get("subsets", []) if s["name"] == subset]
                if not found:
                    yield f"{route['name']} goes to the subset {subset}, which {host} does not have"
                elif each["weight"] and not any(
                    selects(found[0]["labels"], pod_of(workload)["metadata"]["labels"])
                    and selects(
                        {"app.kubernetes.io/name": host.partition(".")[0]}, pod_of(workload)["metadata"]["labels"]
                    )
                    for workload in of_kind(manifests, "Deployment")
                ):
                    yield f"{route['name']} sends requests to {subset}, and no Deployment has its labels"


def ports_say_their_protocol(manifests: list[Manifest]) -> Iterator[str]:
    for service in of_kind(manifests, "Service"):
        for port in service["spec"]["ports"]:
            if port.get("appProtocol") not in {"http", "tcp", "tls"}:
                yield f"port {port['port']} of {service['metadata']['name']} leaves its protocol to be guessed"


def services_lead_to_ports(manifests: list[Manifest]) -> Iterator[str]:
    for service in of_kind(manifests, "Service"):
        theirs = [
            each
            for each in workloads(manifests)
            if selects(service["spec"]["selector"], pod_of(each)["metadata"]["labels"])
        ]
        names = {port.get("name") for each in theirs for c in _containers(each) for port in c.get("ports", [])}
        for port in service["spec"]["ports"]:
            if port["targetPort"] not in names:
                yield f"{service['metadata']['name']} leads to the port {port['targetPort']}, which no pod has"


def rules_name_ports_and_callers(manifests: list[Manifest]) -> Iterator[str]:
    """A rule with neither opens the workload; HTTP fields without ports would widen a DENY and lose an ALLOW."""
    open_ports = {(edge.target, str(port)) for edge in GRAPH.edges if edge.mesh == "none" for port in edge.ports}
    for policy in of_kind(manifests, "AuthorizationPolicy"):
        for rule in policy["spec"].get("rules", []):
            ports = [port for each in rule.get("to", []) for port in each["operation"].get("ports", [])]
            if not ports:
                yield f"a rule of {policy['metadata']['name']} names no port"
            if "from" not in rule and any((policy["metadata"]["name"], port) not in open_ports for port in ports):
                yield f"a rule of {policy['metadata']['name']} lets everybody in"


def accounts_exist(manifests: list[Manifest]) -> Iterator[str]:
    ours = {each["metadata"]["name"] for each in of_kind(manifests, "ServiceAccount")} | {"rabbitmq-server", "postgres"}
    foreign = {f"{w.namespace}/{w.service_account}" for w in GRAPH.workloads if w.namespace != NAMESPACE}
    mentioned = {pod_of(each)["spec"]["serviceAccountName"] for each in workloads(manifests)}
    for policy in of_kind(manifests, "AuthorizationPolicy"):
        for rule in policy["spec"].get("rules", []):
            mentioned |= {a for each in rule.get("from", []) for a in each["source"]["serviceAccounts"]}
    yield from (f"the service account {name} does not exist" for name in sorted(mentioned - ours - foreign))


def pods_are_contained(manifests: list[Manifest]) -> Iterator[str]:
    for each in workloads(manifests):
        name, spec = each["metadata"]["name"], pod_of(each)["spec"]
        pod = spec.get("securityContext", {})
        if not (pod.get("runAsNonRoot") and pod.get("runAsUser", 0) > 0 and pod.get("runAsUser") != 1337):
            yield f"{name} may run as root, or as the proxy"
        if pod.get("seccompProfile") != {"type": "RuntimeDefault"}:
            yield f"{name} has no seccomp profile"
        if spec.get("automountServiceAccountToken") is not False:
            yield f"{name} is given a token of the API server"
        for container in _containers(each):
            if container.get("securityContext") != _STRICT:
                yield f"{name} can do more than it must"
            if {"cpu", "memory"} - container.get("resources", {}).get("requests", {}).keys():
                yield f"{name} asks for no resources"
            if "memory" not in container.get("resources", {}).get("limits", {}):
                yield f"{name} may take all memory"


def images_are_pinned(manifests: list[Manifest]) -> Iterator[str]:
    images = {c["image"] for each in workloads(manifests) for c in _containers(each)}
    images |= {each["spec"]["imageName"] for each in of_kind(manifests, "Cluster")}
    images |= {each["spec"]["image"] for each in of_kind(manifests, "RabbitmqCluster")}
    for image in sorted(images):
        if not re.search(r"(:v?\d[\w.-]*|@sha256:[0-9a-f]{64})$", image):
            yield f"{image} has no version"


def long_lived_pods_are_probed(manifests: list[Manifest]) -> Iterator[str]:
    for each in of_kind(manifests, "Deployment"):
        for container in _containers(each):
            ports = {port["name"] for port in container["ports"]}
            for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                action = container.get(probe, {}).get("httpGet") or container.get(probe, {}).get("tcpSocket")
                if action is None or action["port"] not in ports:
                    yield f"{each['metadata']['name']} has no {probe} on a port of its own"
            if container.get("livenessProbe", {}).get("httpGet", {}).get("path") == "/readyz":
                yield f"{each['metadata']['name']} would be restarted because its broker is away"


def drains_block_nobody(manifests: list[Manifest]) -> Iterator[str]:
    least = {
        each["metadata"]["name"]: each["spec"]["minReplicas"] for each in of_kind(manifests, "HorizontalPodAutoscaler")
    }
    for budget in of_kind(manifests, "PodDisruptionBudget"):
        name, spec = budget["metadata"]["name"], budget["spec"]
        if spec.get("maxUnavailable") == 0 or spec.get("minAvailable", 0) >= least.get(name, 1):
            yield f"the budget of {name} lets no pod go, so that its node can never be drained"


def scalers_do_not_fight(manifests: list[Manifest]) -> Iterator[str]:
    scaled = Counter(
        each["spec"]["scaleTargetRef"]["name"] for each in of_kind(manifests, "HorizontalPodAutoscaler", "ScaledObject")
    )
    for name, count in scaled.items():
        if count > 1:
            yield f"{name} is scaled by two"
        if "replicas" in named(manifests, "Deployment", name)["spec"]:
            yield f"{name} is scaled, and says how many it is"


def scaled_containers_exist(manifests: list[Manifest]) -> Iterator[str]:
    for scaler in of_kind(manifests, "HorizontalPodAutoscaler", "ScaledObject"):
        name = scaler["spec"]["scaleTargetRef"]["name"]
        have = {container["name"] for container in _containers(named(manifests, "Deployment", name))}
        metrics = [m["containerResource"]["container"] for m in scaler["spec"].get("metrics", [])]
        triggers = [t["metadata"]["containerName"] for t in scaler["spec"].get("triggers", []) if t["type"] == "cpu"]
        for container in {*metrics, *triggers} - have:
            yield f"{name} has no container {container} to scale by"


def triggers_are_keda_s(manifests: list[Manifest]) -> Iterator[str]:
    for scaled in of_kind(manifests, "ScaledObject"):
        for trigger in scaled["spec"]["triggers"]:
            for key in trigger["metadata"].keys() - _KEDA_KEYS[trigger["type"]]:
                yield f"KEDA's {trigger['type']} trigger knows no {key}"


def secret_templates() -> dict[str, set[str]]:
    path = ROOT / "k8s/components/external-secrets/external-secrets.yaml"
    targets = [each["spec"]["target"] for each in yaml.safe_load_all(path.read_text())]
    return {target["name"]: set(target["template"]["data"]) for target in targets}


def secrets_are_made(manifests: list[Manifest]) -> Iterator[str]:
    made: dict[str, set[str] | None] = {**secret_templates(), **_MADE_BY_OPERATORS}
    made |= {each["spec"]["secretName"]: None for each in of_kind(manifests, "Certificate")}
    for name, key in _mentioned_secrets(manifests):
        keys = made.get(name, set())
        if name not in made or (key is not None and keys is not None and key not in keys):
            yield f"nobody makes the secret {name} with {key or 'anything'}"


def _mentioned_secrets(manifests: list[Manifest]) -> Iterator[tuple[str, str | None]]:
    for each in workloads(manifests):
        for volume in pod_of(each)["spec"].get("volumes", []):
            if "secret" in volume:
                yield volume["secret"]["secretName"], None
        for container in _containers(each):
            yield from ((s["secretRef"]["name"], None) for s in container.get("envFrom", []) if "secretRef" in s)
            for variable in container.get("env", []):
                if reference := variable.get("valueFrom", {}).get("secretKeyRef"):
                    yield reference["name"], reference["key"]
    for cluster in of_kind(manifests, "Cluster"):
        yield cluster["spec"]["superuserSecret"]["name"], "password"
        yield from ((role["passwordSecret"]["name"], "password") for role in cluster["spec"]["managed"]["roles"])


def config_is_there(manifests: list[Manifest]) -> Iterator[str]:
    """Under the name that has its content's hash in it: a change of it is a rollout."""
    made = {(each["metadata"]["namespace"], each["metadata"]["name"]) for each in of_kind(manifests, "ConfigMap")}
    for each in workloads(manifests):
        for container in _containers(each):
            for source in container.get("envFrom", []):
                if "configMapRef" in source:
                    name = source["configMapRef"]["name"]
                    if (each["metadata"].get("namespace"), name) not in made:
                        yield f"{each['metadata']['name']} reads {name}, which is not there"


def names_agree(manifests: list[Manifest]) -> Iterator[str]:
    """Links, tokens and the ingress speak of one place."""
    environments = [
        each for each in of_kind(manifests, "ConfigMap") if each["metadata"]["name"].startswith("environment")
    ]
    [public_url] = {each["data"]["PUBLIC_URL"] for each in environments}
    host = public_url.removeprefix("https://")
    for service in of_kind(manifests, "VirtualService"):
        if host not in service["spec"]["hosts"]:
            yield f"{public_url} is not routed"
    for gateway in of_kind(manifests, "Gateway"):
        if any(f"{NAMESPACE}/{host}" not in server["hosts"] for server in gateway["spec"]["servers"]):
            yield f"{public_url} does not enter"
    for rules in of_kind(manifests, "RequestAuthentication"):
        if any(rule["issuer"] != public_url for rule in rules["spec"]["jwtRules"]):
            yield f"the mesh believes another issuer than {public_url}"
    routes = {route["name"] for service in of_kind(manifests, "VirtualService") for route in service["spec"]["http"]}
    for filter_ in of_kind(manifests, "EnvoyFilter"):
        for patch in filter_["spec"]["configPatches"]:
            vhost: dict[str, Any] | None = patch["match"].get("routeConfiguration", {}).get("vhost")
            if vhost is not None and (vhost["name"] != f"{host}:443" or vhost["route"]["name"] not in routes):
                yield f"the rate limit is on {vhost}, which nobody asks for"


def mesh_calls_are_mutual(manifests: list[Manifest]) -> Iterator[str]:
    hosts = {target.host for edge in GRAPH.edges if edge.mesh == "mtls" for target in _targets(edge.target)}
    rules = {rule["spec"]["host"]: rule["spec"]["trafficPolicy"] for rule in of_kind(manifests, "DestinationRule")}
    for host in sorted(filter(None, hosts)):
        if rules.get(host, {}).get("tls") != {"mode": "ISTIO_MUTUAL"}:
            yield f"calls of {host} may go in plain text"


def _targets(name: str) -> Iterator[Workload]:
    target = GRAPH.by_name[name]
    if isinstance(target, Workload) and target.only_in is None:
        yield target


CHECKS: tuple[Check, ...] = (
    weights_are_whole,
    subsets_exist,
    ports_say_their_protocol,
    services_lead_to_ports,
    rules_name_ports_and_callers,
    accounts_exist,
    pods_are_contained,
    images_are_pinned,
    long_lived_pods_are_probed,
    drains_block_nobody,
    scalers_do_not_fight,
    scaled_containers_exist,
    triggers_are_keda_s,
    secrets_are_made,
    config_is_there,
    names_agree,
    mesh_calls_are_mutual,
)
