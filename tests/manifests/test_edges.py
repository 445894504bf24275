"""One graph: the network, the mesh, the proxies' tables and the broker's users say the same of every connection."""

import itertools
import re

import pytest

from chassis.topology import COMMAND_QUEUES, QUERY_QUEUES, USERS
from ops.edges import EDGES, GRAPH, NAMESPACE, Edge, Graph, Workload
from ops.network import files
from tests.manifests.building import OVERLAYS, Manifest, built, named, of_kind, pod_of, selects, workloads

PRODUCTION = "k8s/overlays/production"


def test_what_is_committed_is_what_the_edges_mean() -> None:
    for path, text in files().items():
        assert path.read_text() == text, f"{path} differs: run `python -m ops.network`"


def test_an_edge_that_is_not_committed_shows() -> None:
    more = Graph(GRAPH.workloads, GRAPH.outside, (*EDGES, Edge("gateway", "postgres", (5432,), "planted")))
    assert any(path.read_text() != text for path, text in files(more).items())


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_workload_has_one_of_each(overlay: str) -> None:
    manifests = built(f"k8s/overlays/{overlay}")
    pods = {each["metadata"]["name"]: pod_of(each)["metadata"]["labels"] for each in workloads(manifests)}
    ours = {
        each.name: each
        for each in GRAPH.ours
        if each.only_in is None or (each.only_in == "mailpit" and overlay == "local")
    }
    assert set(pods) == set(ours) - {"rabbitmq", "postgres"}
    for name, labels in pods.items():
        assert selects(dict(ours[name].labels), labels)
        for kind, path in (
            ("NetworkPolicy", ("podSelector", "matchLabels")),
            ("Sidecar", ("workloadSelector", "labels")),
        ):
            mine = [
                each["metadata"]["name"]
                for each in of_kind(manifests, kind)
                if (selector := each["spec"][path[0]].get(path[1])) and selects(selector, labels)
            ]
            assert mine == [name]


def _allowed_by_network(manifests: list[Manifest], target: str) -> set[tuple[str, int]]:
    """By the labels in the policies alone, whatever the generator meant."""
    pods = {each.name: each for each in GRAPH.workloads}
    allowed = set()
    for rule in named(manifests, "NetworkPolicy", target)["spec"].get("ingress", []):
        ports = itertools.chain(*(range(p["port"], p.get("endPort", p["port"]) + 1) for p in rule["ports"]))
        for port, peer in itertools.product(ports, rule["from"]):
            namespace = (
                peer.get("namespaceSelector", {}).get("matchLabels", {}).get("kubernetes.io/metadata.name", NAMESPACE)
            )
            allowed |= {
                (name, port)
                for name, pod in pods.items()
                if pod.namespace == namespace and selects(peer["podSelector"]["matchLabels"], dict(pod.labels))
            }
    return allowed


def _allowed_by_mesh(manifests: list[Manifest], target: str) -> set[tuple[str, int]]:
    accounts = {
        w.service_account if w.namespace == NAMESPACE else f"{w.namespace}/{w.service_account}": w.name
        for w in GRAPH.workloads
    }
    return {
        (accounts[account], int(port))
        for policy in of_kind(manifests, "AuthorizationPolicy")
        if policy["metadata"]["name"] == target
        for rule in policy["spec"]["rules"]
        for source in rule.get("from", [])
        for account in source["source"]["serviceAccounts"]
        for port in rule["to"][0]["operation"]["ports"]
    }


@pytest.mark.parametrize("target", [each.name for each in GRAPH.ours if each.only_in is None])
def test_network_and_mesh_agree(target: str) -> None:
    manifests = built(PRODUCTION)
    edges = GRAPH.into(target)
    assert _allowed_by_network(manifests, target) == {(edge.source, port) for edge in edges for port in edge.ports}
    assert _allowed_by_mesh(manifests, target) == {
        (edge.source, port) for edge in edges if edge.mesh == "mtls" for port in edge.ports
    }


def _excluded(manifest: Manifest, direction: str) -> set[int]:
    text = manifest.get(f"traffic.sidecar.istio.io/exclude{direction}Ports", "")
    return {int(port) for port in text.split(",") if port}


def test_what_passes_the_proxies_by_is_what_the_edges_say() -> None:
    manifests = built(PRODUCTION)
    rabbitmq = named(manifests, "RabbitmqCluster", "rabbitmq")["spec"]["override"]["statefulSet"]["spec"]["template"]
    postgres = named(manifests, "Cluster", "postgres")["spec"]["inheritedMetadata"]
    for name, annotations in (("rabbitmq", rabbitmq["metadata"]["annotations"]), ("postgres", postgres["annotations"])):
        never_captured = {15020}
        entering = {p for e in GRAPH.into(name) if e.mesh == "excluded" for p in e.ports} - never_captured
        leaving = {p for e in GRAPH.out_of(name) if e.mesh == "excluded" for p in e.ports}
        assert (_excluded(annotations, "Inbound"), _excluded(annotations, "Outbound")) == (entering, leaving)
    assert not any(
        "exclude" in annotation
        for each in workloads(manifests)
        for annotation in pod_of(each)["metadata"].get("annotations", {})
    )


def test_the_broker_knows_who_comes() -> None:
    amqp = [edge for edge in GRAPH.into("rabbitmq") if edge.broker_user is not None]
    assert {edge.broker_user for edge in amqp} == {user.name for user in USERS}
    assert {edge.source for edge in amqp} == {"gateway", "auth-worker", "task-worker", "notifier"}


def test_each_queue_of_requests_has_one_reader() -> None:
    for queue in (*COMMAND_QUEUES, *QUERY_QUEUES):
        assert len([user.name for user in USERS if re.search(user.read, queue.name)]) == 1


@pytest.mark.parametrize("worker", ["auth-worker", "task-worker", "notifier"])
def test_a_worker_is_scaled_by_the_queues_that_it_reads(worker: str) -> None:
    [user] = [user for user in USERS if user.name == worker.replace("-", "_")]
    query = named(built(PRODUCTION), "ScaledObject", worker)["spec"]["triggers"][0]["metadata"]["query"]
    pattern = re.search(r'queue=~"([^"]+)"', query)
    assert pattern is not None
    names = [queue.name for queue in (*COMMAND_QUEUES, *QUERY_QUEUES)]
    assert {n for n in names if re.fullmatch(pattern[1], n)} == {n for n in names if re.search(user.read, n)}


def test_the_gateway_has_no_way_to_postgres() -> None:
    assert "gateway" not in {edge.source for edge in GRAPH.into("postgres")}
    assert all(isinstance(GRAPH.by_name[name], Workload) for edge in EDGES for name in (edge.source,))
