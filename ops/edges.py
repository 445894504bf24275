"""Who may speak to whom, on which port and as which user of the broker.

`ops.network` writes NetworkPolicies, AuthorizationPolicies and Sidecars from it; tests/manifests and tests/mesh compare
everything else with it. A connection that is not here is refused three times: by the network, the mesh and the broker.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

NAMESPACE = "taskmesh"

AMQP, MANAGEMENT, POSTGRES, VALKEY, HTTP = 5672, 15672, 5432, 6379, 8080
OTLP, SMTP, MAIL, HTTPS, OTHER_HTTPS = 4318, 587, 1025, 443, 8443
PROXY_METRICS, RABBITMQ_METRICS, POSTGRES_METRICS = 15020, 15692, 9187
POSTGRES_STATUS = 8000
ERLANG = (4369, 25672, *range(35672, 35683))


@dataclass(frozen=True)
class Workload:
    name: str
    service_account: str
    labels: Mapping[str, str]
    namespace: str = NAMESPACE
    host: str | None = None
    """The name that others call it by, inside the mesh."""
    only_in: str | None = None
    """The component of k8s/ that brings it."""


@dataclass(frozen=True)
class Outside:
    """What has no pod of its own here: reached by address, and in the mesh by a ServiceEntry."""

    name: str
    host: str | None
    """None: whatever name users give, so that the mesh lets it through and only the network decides."""
    cidr: str = "0.0.0.0/0"
    except_private: bool = True


@dataclass(frozen=True)
class Edge:
    source: str
    target: str
    ports: tuple[int, ...]
    why: str
    mesh: Literal["mtls", "excluded", "none"] = "mtls"
    """`excluded` ports pass the proxies by; `none`: one end has no proxy. istio/README.md gives the reasons."""
    broker_user: str | None = None


def _ours(name: str, **more: str) -> Workload:
    return Workload(name, name, {"app.kubernetes.io/name": name}, **more)


def _named(name: str) -> str:
    return f"{name}.{NAMESPACE}.svc.cluster.local"


@dataclass(frozen=True)
class Graph:
    workloads: tuple[Workload, ...]
    outside: tuple[Outside, ...]
    edges: tuple[Edge, ...]
    by_name: Mapping[str, Workload | Outside] = field(init=False)

    def __post_init__(self) -> None:
        places: list[Workload | Outside] = [*self.workloads, *self.outside]
        object.__setattr__(self, "by_name", {place.name: place for place in places})

    @property
    def ours(self) -> tuple[Workload, ...]:
        return tuple(each for each in self.workloads if each.namespace == NAMESPACE)

    def into(self, name: str) -> tuple[Edge, ...]:
        return tuple(edge for edge in self.edges if edge.target == name)

    def out_of(self, name: str) -> tuple[Edge, ...]:
        return tuple(edge for edge in self.edges if edge.source == name)


WORKLOADS = (
    _ours("gateway", host=_named("gateway")),
    _ours("auth-worker"),
    _ours("task-worker"),
    _ours("notifier"),
    _ours("migrate"),
    _ours("topology"),
    _ours("valkey", host=_named("valkey")),
    _ours("mail", host=_named("mail"), only_in="mailpit"),
    Workload("rabbitmq", "rabbitmq-server", {"app.kubernetes.io/name": "rabbitmq"}, host=_named("rabbitmq")),
    Workload("postgres", "postgres", {"cnpg.io/cluster": "postgres"}, host=_named("postgres-primary")),
    Workload("ingress", "istio-ingressgateway", {"istio": "ingressgateway"}, "istio-ingress"),
    Workload("prometheus", "prometheus", {"app.kubernetes.io/name": "prometheus"}, "monitoring"),
    Workload(
        "otel-collector",
        "otel-collector",
        {"app.kubernetes.io/name": "otel-collector"},
        "monitoring",
        host="otel-collector.monitoring.svc.cluster.local",
    ),
    Workload("cnpg-operator", "cnpg-manager", {"app.kubernetes.io/name": "cloudnative-pg"}, "cnpg-system"),
)

OUTSIDE = (
    Outside("smtp", "smtp.example.org"),
    Outside("object-store", "s3.eu-central-1.amazonaws.com"),
    Outside("webhooks", None),
    Outside("kubernetes", "kubernetes.default.svc.cluster.local", except_private=False),
)

_SERVICES = {
    "gateway": "gateway",
    "auth-worker": "auth_worker",
    "task-worker": "task_worker",
    "notifier": "notifier",
}
_SCRAPED = (*_SERVICES, "valkey", "rabbitmq", "postgres")

EDGES = (
    Edge("ingress", "gateway", (HTTP,), "requests of clients"),
    Edge("gateway", "gateway", (HTTP,), "its proxy fetches the signing keys, where the mesh checks tokens"),
    *(
        Edge(name, "rabbitmq", (AMQP,), "commands, replies and events", broker_user=user)
        for name, user in _SERVICES.items()
    ),
    Edge("gateway", "valkey", (VALKEY,), "replicas count requests together"),
    *(Edge(name, "postgres", (POSTGRES,), "its own schema") for name in ("auth-worker", "task-worker", "notifier")),
    Edge("migrate", "postgres", (POSTGRES,), "roles, schemas and migrations"),
    Edge("topology", "rabbitmq", (MANAGEMENT,), "exchanges, queues, bindings, policies and users"),
    Edge("notifier", "smtp", (SMTP,), "mail", mesh="none"),
    Edge("notifier", "mail", (MAIL,), "mail, shown instead of sent"),
    Edge("notifier", "webhooks", (HTTPS, OTHER_HTTPS), "webhooks, to public addresses alone", mesh="none"),
    *(Edge(name, "object-store", (HTTPS,), "files of tasks", mesh="none") for name in ("gateway", "task-worker")),
    *(Edge(name, "otel-collector", (OTLP,), "traces", mesh="none") for name in _SERVICES),
    *(Edge("prometheus", name, (PROXY_METRICS,), "metrics", mesh="excluded") for name in _SCRAPED),
    Edge("prometheus", "rabbitmq", (RABBITMQ_METRICS,), "metrics of each queue", mesh="none"),
    Edge("prometheus", "postgres", (POSTGRES_METRICS,), "metrics", mesh="excluded"),
    Edge("rabbitmq", "rabbitmq", ERLANG, "Erlang distribution, under its own TLS", mesh="excluded"),
    Edge("postgres", "postgres", (POSTGRES,), "replication"),
    Edge("postgres", "postgres", (POSTGRES_STATUS,), "fencing and status", mesh="excluded"),
    Edge("cnpg-operator", "postgres", (POSTGRES_STATUS,), "status, under its own TLS", mesh="excluded"),
    Edge("postgres", "object-store", (HTTPS,), "backups", mesh="none"),
    Edge("postgres", "kubernetes", (HTTPS, 6443), "leader election", mesh="none"),
)

GRAPH = Graph(WORKLOADS, OUTSIDE, EDGES)
