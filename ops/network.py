"""Writes what the edges mean: NetworkPolicies, AuthorizationPolicies and Sidecars, as the files that are committed."""

import itertools
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from ops.edges import GRAPH, NAMESPACE, Edge, Graph, Outside, Workload
from ops.state import ROOT

Manifest = dict[str, Any]

_HEADER = "# Written by `python -m ops.network` from ops/edges.py; tests/manifests fails when they differ.\n"
_PRIVATE = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10"]


def _manifest(kind: str, version: str, name: str, spec: Manifest) -> Manifest:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name}, "spec": spec}


def _in_namespace(name: str) -> Manifest:
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}


def _peers(place: Workload | Outside) -> list[Manifest]:
    match place:
        case Outside(cidr=cidr, except_private=True):
            return [{"ipBlock": {"cidr": cidr, "except": _PRIVATE}}]
        case Outside(cidr=cidr):
            return [{"ipBlock": {"cidr": cidr}}]
        case Workload(namespace=namespace, labels=labels):
            pods: Manifest = {"podSelector": {"matchLabels": dict(labels)}}
            return [pods if namespace == NAMESPACE else _in_namespace(namespace) | pods]


def _ports(numbers: Iterable[int]) -> list[Manifest]:
    """Neighbours become one range."""
    ports = []
    for _, run in itertools.groupby(enumerate(sorted(numbers)), key=lambda each: each[1] - each[0]):
        first, *rest = [number for _, number in run]
        ports.append({"protocol": "TCP", "port": first, **({"endPort": rest[-1]} if rest else {})})
    return ports


def _network_policy(graph: Graph, workload: Workload) -> Manifest:
    ingress = [
        {"from": _peers(graph.by_name[edge.source]), "ports": _ports(edge.ports)} for edge in graph.into(workload.name)
    ]
    egress = [
        {"to": _peers(graph.by_name[edge.target]), "ports": _ports(edge.ports)} for edge in graph.out_of(workload.name)
    ]
    spec = {
        "podSelector": {"matchLabels": dict(workload.labels)},
        "policyTypes": ["Ingress", "Egress"],
        **({"ingress": ingress} if ingress else {}),
        **({"egress": egress} if egress else {}),
    }
    return _manifest("NetworkPolicy", "networking.k8s.io/v1", workload.name, spec)


def _everybody() -> Iterator[Manifest]:
    """Nothing but names and the mesh's control plane, until an edge says more."""
    yield _manifest(
        "NetworkPolicy",
        "networking.k8s.io/v1",
        "default-deny",
        {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
    )
    dns = _in_namespace("kube-system") | {"podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}}
    istiod = _in_namespace("istio-system") | {"podSelector": {"matchLabels": {"app": "istiod"}}}
    egress = [
        {"to": [dns], "ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]},
        {"to": [istiod], "ports": [{"protocol": "TCP", "port": 15012}]},
    ]
    spec = {"podSelector": {}, "policyTypes": ["Egress"], "egress": egress}
    yield _manifest("NetworkPolicy", "networking.k8s.io/v1", "names-and-mesh", spec)


def _authorization_policy(graph: Graph, workload: Workload) -> Manifest | None:
    rules = []
    edges = [edge for edge in graph.into(workload.name) if edge.mesh != "excluded"]
    for ports in dict.fromkeys(edge.ports for edge in edges):
        theirs = [edge for edge in edges if edge.ports == ports]
        operation = {"to": [{"operation": {"ports": [str(port) for port in ports]}}]}
        accounts = [_account(graph, edge) for edge in theirs if edge.mesh == "mtls"]
        rules.append(({"from": [{"source": {"serviceAccounts": accounts}}]} if accounts else {}) | operation)
    if not rules:
        return None
    spec = {"selector": {"matchLabels": dict(workload.labels)}, "action": "ALLOW", "rules": rules}
    return _manifest("AuthorizationPolicy", "security.istio.io/v1", workload.name, spec)


def _account(graph: Graph, edge: Edge) -> str:
    source = graph.by_name[edge.source]
    if isinstance(source, Outside):
        raise TypeError(f"{source.name} has no identity, so that it cannot enter {edge.target}")
    return source.service_account if source.namespace == NAMESPACE else f"{source.namespace}/{source.service_account}"


def _sidecar(graph: Graph, workload: Workload) -> Manifest:
    hosts, mode = ["istio-system/*"], "REGISTRY_ONLY"
    for edge in graph.out_of(workload.name):
        target = graph.by_name[edge.target]
        if target.host is None:
            mode = "ALLOW_ANY" if isinstance(target, Outside) else mode
            continue
        namespace = "." if isinstance(target, Outside) or target.namespace == NAMESPACE else target.namespace
        if target.name == "kubernetes":
            namespace = "default"
        hosts.append(f"{namespace}/{target.host}")
    spec = {
        "workloadSelector": {"labels": dict(workload.labels)},
        "outboundTrafficPolicy": {"mode": mode},
        "egress": [{"hosts": list(dict.fromkeys(hosts))}],
    }
    return _manifest("Sidecar", "networking.istio.io/v1", workload.name, spec)


def files(graph: Graph = GRAPH) -> Mapping[Path, str]:
    everywhere = [each for each in graph.ours if each.only_in is None]
    network = [*_everybody(), *(_network_policy(graph, each) for each in everywhere)]
    deny = _manifest("AuthorizationPolicy", "security.istio.io/v1", "default-deny", {})
    allow = [policy for each in everywhere if (policy := _authorization_policy(graph, each))]
    sidecars = [_sidecar(graph, each) for each in everywhere]
    written = {
        ROOT / "k8s/base/namespace/network-policies.yaml": network,
        ROOT / "istio/base/authorization-policies.yaml": [deny, *allow],
        ROOT / "istio/base/sidecars.yaml": sidecars,
    }
    for workload in graph.ours:
        if workload.only_in is not None:
            policies = [_network_policy(graph, workload), _authorization_policy(graph, workload)]
            path = ROOT / "k8s/components" / workload.only_in / "policies.yaml"
            written[path] = [*filter(None, policies), _sidecar(graph, workload)]
    return {path: _HEADER + yaml.safe_dump_all(manifests, sort_keys=False) for path, manifests in written.items()}


def main() -> None:
    for path, text in files().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


if __name__ == "__main__":
    main()
