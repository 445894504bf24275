"""What istiod would make of our manifests, as far as they go: an Envoy's listeners and clusters.

Written after Istio's pilot/pkg/networking/core and pilot/pkg/security/authz; it is a model of istiod, and not istiod.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from ops.edges import NAMESPACE
from tests.manifests.building import Manifest, named, of_kind, selects
from tests.mesh.identities import Identity, spiffe

Config = dict[str, Any]
Address = tuple[str, int]

_TYPE = "type.googleapis.com/envoy"
_ALPN = ["istio-peer-exchange", "istio"]


def _typed(name: str, type_name: str, **fields: Any) -> Config:
    return {"name": name, "typed_config": {"@type": f"{_TYPE}.{type_name}", **fields}}


def _socket(address: Address) -> Config:
    return {"socket_address": {"address": address[0], "port_value": address[1]}}


def _tls(identity: Identity, *, expects: str | None = None) -> Config:
    validation: Config = {"trusted_ca": {"filename": str(identity.authority)}}
    if expects is not None:
        validation["match_typed_subject_alt_names"] = [{"san_type": "URI", "matcher": {"exact": expects}}]
    pair = {
        "certificate_chain": {"filename": str(identity.certificate)},
        "private_key": {"filename": str(identity.key)},
    }
    return {
        "tls_params": {"tls_minimum_protocol_version": "TLSv1_2"},
        "alpn_protocols": _ALPN,
        "tls_certificates": [pair],
        "validation_context": validation,
    }


def cluster(name: str, endpoints: Iterable[Address], *, tls: Config | None = None) -> Config:
    made: Config = {
        "name": name,
        "type": "STATIC",
        "connect_timeout": "2s",
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": _socket(each)}} for each in endpoints]}],
        },
    }
    if tls is not None:
        kind = "extensions.transport_sockets.tls.v3.UpstreamTlsContext"
        made["transport_socket"] = _typed("tls", kind, common_tls_context=tls)
    return made


def mutual(manifests: list[Manifest], host: str, identity: Identity, *, target_account: str) -> Config | None:
    """As the DestinationRule of the host says; None is plain text."""
    for rule in of_kind(manifests, "DestinationRule"):
        if rule["spec"]["host"] == host and rule["spec"]["trafficPolicy"]["tls"]["mode"] == "ISTIO_MUTUAL":
            return _tls(identity, expects=spiffe(target_account, NAMESPACE))
    return None


def tcp_outbound(name: str, at: Address) -> Config:
    proxy = _typed("tcp", "extensions.filters.network.tcp_proxy.v3.TcpProxy", stat_prefix=name, cluster=name)
    return {"name": name, "address": _socket(at), "filter_chains": [{"filters": [proxy]}]}


def _rules(manifests: list[Manifest], labels: Manifest) -> Config:
    """An ALLOW policy that selects a workload, even one without rules, refuses what no rule allows."""
    policies: Config = {}
    for policy in of_kind(manifests, "AuthorizationPolicy"):
        spec = policy["spec"]
        if not selects(spec.get("selector", {}).get("matchLabels", {}), labels):
            continue
        for index, rule in enumerate(spec.get("rules", [])):
            ports = [int(port) for each in rule["to"] for port in each["operation"]["ports"]]
            principals: list[Config] = [
                {"authenticated": {"principal_name": {"exact": _principal(account)}}}
                for each in rule.get("from", [])
                for account in each["source"]["serviceAccounts"]
            ]
            policies[f"{policy['metadata']['name']}-{index}"] = {
                "permissions": [{"destination_port": port} for port in ports],
                "principals": principals or [{"any": True}],
            }
    return {"action": "ALLOW", "policies": policies}


def _principal(account: str) -> str:
    namespace, _, name = account.rpartition("/")
    return spiffe(name, namespace or NAMESPACE)


def _mode(manifests: list[Manifest], labels: Manifest, port: int) -> str:
    mode = "PERMISSIVE"
    for each in sorted(of_kind(manifests, "PeerAuthentication"), key=lambda each: "selector" in each["spec"]):
        if selects(each["spec"].get("selector", {}).get("matchLabels", {}), labels):
            mode = each["spec"].get("portLevelMtls", {}).get(str(port), each["spec"]["mtls"])["mode"]
    return mode


def inbound(
    manifests: list[Manifest],
    name: str,
    labels: Manifest,
    identity: Identity,
    at: Address,
    *,
    http: Config | None = None,
) -> Config:
    """`http` is a connection manager instead of a plain TCP proxy. Either leads to the cluster `name`."""
    rbac = _typed(
        "rbac", "extensions.filters.network.rbac.v3.RBAC", stat_prefix="authz", rules=_rules(manifests, labels)
    )
    onwards = http or _typed("tcp", "extensions.filters.network.tcp_proxy.v3.TcpProxy", stat_prefix=name, cluster=name)
    downstream = _typed(
        "tls",
        "extensions.transport_sockets.tls.v3.DownstreamTlsContext",
        require_client_certificate=True,
        common_tls_context=_tls(identity),
    )
    chains = [
        {
            "filter_chain_match": {"transport_protocol": "tls", "application_protocols": _ALPN},
            "transport_socket": downstream,
            "filters": [rbac, onwards],
        }
    ]
    if _mode(manifests, labels, at[1]) == "PERMISSIVE":
        chains.append({"filter_chain_match": {"transport_protocol": "raw_buffer"}, "filters": [rbac, onwards]})
    inspector = _typed("tls_inspector", "extensions.filters.listener.tls_inspector.v3.TlsInspector")
    return {"name": name, "address": _socket(at), "listener_filters": [inspector], "filter_chains": chains}


def manager(name: str, routes: list[Config], filters: Iterable[Config] = ()) -> Config:
    router = _typed("envoy.filters.http.router", "extensions.filters.http.router.v3.Router")
    return _typed(
        "envoy.filters.network.http_connection_manager",
        "extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix=name,
        normalize_path=True,
        merge_slashes=True,
        stream_idle_timeout="0s",
        http_filters=[*filters, router],
        route_config={"name": name, "virtual_hosts": [{"name": name, "domains": ["*"], "routes": routes}]},
    )


def to_application(name: str) -> list[Config]:
    return [{"match": {"prefix": "/"}, "route": {"cluster": name, "timeout": "0s"}}]


def token_filter(manifests: list[Manifest], *, keys_from: str) -> Config:
    """`keys_from` is the cluster where the keys are fetched, as with PILOT_JWT_ENABLE_REMOTE_JWKS=hybrid."""
    [rule] = named(manifests, "RequestAuthentication", "gateway")["spec"]["jwtRules"]
    provider = {
        "issuer": rule["issuer"],
        "audiences": rule["audiences"],
        "forward": rule["forwardOriginalToken"],
        "from_headers": [{"name": each["name"], "value_prefix": each["prefix"]} for each in rule["fromHeaders"]],
        "remote_jwks": {"http_uri": {"uri": rule["jwksUri"], "cluster": keys_from, "timeout": "5s"}},
    }
    optional = {"requires_any": {"requirements": [{"provider_name": "ours"}, {"allow_missing": {}}]}}
    return _typed(
        "envoy.filters.http.jwt_authn",
        "extensions.filters.http.jwt_authn.v3.JwtAuthentication",
        providers={"ours": provider},
        rules=[{"match": {"prefix": "/"}, "requires": optional}],
    )


def routes(manifests: list[Manifest]) -> list[Config]:
    """Of the VirtualService, with the rate limits that the EnvoyFilter adds to them by name."""
    limits = {
        patch["match"]["routeConfiguration"]["vhost"]["route"]["name"]: patch["patch"]["value"]
        for filter_ in of_kind(manifests, "EnvoyFilter")
        for patch in filter_["spec"]["configPatches"]
        if patch["applyTo"] == "HTTP_ROUTE"
    }
    made = []
    for http in named(manifests, "VirtualService", "gateway")["spec"]["http"]:
        action: Config = {
            "weighted_clusters": {
                "clusters": [
                    {"name": each["destination"]["subset"], "weight": each["weight"]} for each in http["route"]
                ]
            },
            "timeout": http.get("timeout", "0s"),
            **_retries(http["retries"]),
        }
        made += [
            {"name": http["name"], "match": match, "route": action} | limits.get(http["name"], {})
            for match in map(_match, http.get("match", [{}]))
        ]
    return made


def _retries(retries: Mapping[str, Any]) -> Config:
    if retries["attempts"] == 0:
        return {}
    policy = {"retry_on": retries["retryOn"], "num_retries": retries["attempts"]}
    if "perTryTimeout" in retries:
        policy["per_try_timeout"] = retries["perTryTimeout"]
    return {"retry_policy": policy}


def _match(match: Mapping[str, Any]) -> Config:
    headers = [
        {"name": name, "string_match": {"safe_regex": value}} for name, value in match.get("headers", {}).items()
    ]
    if "method" in match:
        headers.append({"name": ":method", "string_match": match["method"]})
    path = {"path": match["uri"]["exact"]} if "uri" in match else {"prefix": "/"}
    return {**path, "headers": headers}


def ingress_filters(manifests: list[Manifest]) -> list[Config]:
    return [
        patch["patch"]["value"]
        for filter_ in of_kind(manifests, "EnvoyFilter")
        for patch in filter_["spec"]["configPatches"]
        if patch["applyTo"] == "HTTP_FILTER"
    ]


def http_listener(name: str, at: Address, connection_manager: Config) -> Config:
    return {"name": name, "address": _socket(at), "filter_chains": [{"filters": [connection_manager]}]}


def bootstrap(name: str, admin: int, listeners: list[Config], clusters: list[Config]) -> Config:
    return {
        "node": {"id": name, "cluster": name},
        "admin": {"address": _socket(("127.0.0.1", admin))},
        "static_resources": {"listeners": listeners, "clusters": clusters},
    }
