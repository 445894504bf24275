"""The main job, with every connection of every service through two real Envoys and real Postgres and RabbitMQ."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import asyncpg
import pytest

from ops.edges import AMQP, GRAPH, HTTP, POSTGRES
from ops.ports import free_port
from tests.conftest import PASSWORDS, Addresses, Keys
from tests.eventually import eventually
from tests.manifests.building import built
from tests.mesh.conftest import identity_of, workload
from tests.mesh.envoy import running_envoy
from tests.mesh.identities import Authority
from tests.mesh.model import (
    Address,
    Config,
    cluster,
    http_listener,
    inbound,
    ingress_filters,
    manager,
    mutual,
    routes,
    tcp_outbound,
    to_application,
    token_filter,
)
from tests.running import PASSWORD, run_services

PUBLIC_URL = "https://staging.taskmesh.example.org"  # as the overlay says, for it is the issuer
SERVICES = {"auth-worker": "auth_worker", "task-worker": "task_worker", "notifier": "notifier", "gateway": "gateway"}


@dataclass(frozen=True)
class Mesh:
    url: str
    doors: dict[str, Address]
    """Where the proxy of each workload listens for others."""
    ways: dict[tuple[str, str], Address]
    """Where the proxy of the first listens for what the first sends to the second."""
    listeners: list[Config]
    clusters: list[Config]
    gateway_port: int


def _lay_out(authority: Authority, places: Iterator[str], addresses: Addresses) -> Mesh:
    manifests = built("tests/manifests/combinations/canary-and-tokens")
    gateway_port = free_port()
    servers: dict[str, tuple[int, Address]] = {
        "rabbitmq": (AMQP, ("127.0.0.1", addresses.rabbitmq.port)),
        "postgres": (POSTGRES, ("127.0.0.1", addresses.postgres.port)),
        "gateway": (HTTP, ("127.0.0.1", gateway_port)),
    }
    doors = {name: (next(places), port) for name, (port, _) in servers.items()}
    listeners, clusters = [], []
    for name, (_, application) in servers.items():
        tokens = token_filter(manifests, keys_from="gateway") if name == "gateway" else None
        http = manager(name, to_application(name), [tokens]) if tokens else None
        labels = dict(workload(name).labels)
        listeners.append(inbound(manifests, name, labels, identity_of(authority, name), doors[name], http=http))
        clusters.append(cluster(name, [application]))
    ways: dict[tuple[str, str], Address] = {}
    for source in SERVICES:
        for target in ("rabbitmq", "postgres"):  # also where there is no edge, to see that it leads nowhere
            way, label = (next(places), servers[target][0]), f"{source} to {target}"
            host = workload(target).host
            assert host is not None
            identity = identity_of(authority, source)
            tls = mutual(manifests, host, identity, target_account=workload(target).service_account)
            listeners.append(tcp_outbound(label, way))
            clusters.append(cluster(label, [doors[target]], tls=tls))
            ways[source, target] = way
    gateway_host = workload("gateway").host
    assert gateway_host is not None
    entering = mutual(manifests, gateway_host, identity_of(authority, "ingress"), target_account="gateway")
    clusters += [cluster(subset, [doors["gateway"]], tls=entering) for subset in ("stable", "canary")]
    entrance = (next(places), HTTP)
    listeners.append(
        http_listener("ingress", entrance, manager("ingress", routes(manifests), ingress_filters(manifests)))
    )
    return Mesh(f"http://{entrance[0]}:{entrance[1]}", doors, ways, listeners, clusters, gateway_port)


def _through(url: str, way: Address) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=f"{parts.netloc.rpartition('@')[0]}@{way[0]}:{way[1]}").geturl()


@pytest.fixture
async def mesh(
    authority: Authority, places: Iterator[str], addresses: Addresses, tmp_path: Path
) -> AsyncIterator[Mesh]:
    mesh = _lay_out(authority, places, addresses)
    async with running_envoy(tmp_path, "mesh", mesh.listeners, mesh.clusters):
        yield mesh


@pytest.fixture
async def api(mesh: Mesh, addresses: Addresses, keys: Keys, tmp_path: Path) -> AsyncIterator[aiohttp.ClientSession]:
    extra = {
        service: {
            "PUBLIC_URL": PUBLIC_URL,
            "AMQP_URL": _through(addresses.amqp_url(service), mesh.ways[name, "rabbitmq"]),
        }
        for name, service in SERVICES.items()
    }
    for name, service in SERVICES.items():
        if service == "gateway":
            extra[service]["HTTP_PORT"] = str(mesh.gateway_port)
        else:
            extra[service]["DATABASE_URL"] = _through(addresses.database_url(service), mesh.ways[name, "postgres"])
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(run_services(addresses, keys, tmp_path / "services", extra=extra))
        yield await stack.enter_async_context(aiohttp.ClientSession(mesh.url))


async def _sign_in(api: aiohttp.ClientSession) -> str:
    body = {"username": "ada", "email": "ada@example.org", "password": PASSWORD}
    async with api.post("/v1/auth/register", json=body) as response:
        assert response.status == 201, await response.text()
    async with api.post("/v1/auth/login", json={"username": "ada", "password": PASSWORD}) as response:
        assert response.status == 200, await response.text()
        return str((await response.json())["access_token"])


async def test_a_task_lives_through_the_mesh(api: aiohttp.ClientSession, superuser: asyncpg.Connection) -> None:
    token = await _sign_in(api)
    headers = {"Authorization": f"Bearer {token}"}
    async with api.post("/v1/tasks", json={"title": "Through the mesh"}, headers=headers) as response:
        assert response.status == 201, await response.text()
        task = await response.json()
    path = f"/v1/tasks/{task['id']}"
    async with api.patch(path, json={"completed": True}, headers=headers) as response:
        assert (await response.json())["status"] == "completed"
    async with api.delete(path, headers=headers) as response:
        assert response.status == 204

    async def actions() -> list[str] | None:
        async with api.get(f"/v1/activity?task_id={task['id']}", headers=headers) as response:
            items: list[dict[str, Any]] = (await response.json())["items"]
            return [each["action"] for each in reversed(items)] if len(items) == 3 else None

    assert await eventually(actions) == ["created", "completed", "deleted"]
    assert await superuser.fetchval("SELECT count(*) FROM tasks.event_log") == 3


async def test_the_proxy_refuses_a_forged_token(api: aiohttp.ClientSession) -> None:
    token = await _sign_in(api)
    header, claims, signature = token.split(".")
    forged = ".".join([header, claims, signature[::-1]])
    async with api.get("/v1/tasks", headers={"Authorization": f"Bearer {forged}"}) as response:
        assert response.status == 401
        assert (await response.text()).startswith("Jwt ")
    async with api.get("/v1/tasks") as response:  # none at all is the gateway's to refuse
        assert response.status == 401
        assert response.content_type == "application/problem+json"


async def test_the_gateway_does_not_get_to_postgres(mesh: Mesh, addresses: Addresses) -> None:
    stolen = addresses.database_url("task_worker")
    with pytest.raises((ConnectionError, asyncpg.PostgresError, asyncpg.InterfaceError)):
        await asyncpg.connect(_through(stolen, mesh.ways["gateway", "postgres"]), timeout=5)
    connection = await asyncpg.connect(_through(stolen, mesh.ways["task-worker", "postgres"]), timeout=5)
    assert await connection.fetchval("SELECT current_user") == "task_worker"
    await connection.close()
    assert "gateway" not in {edge.source for edge in GRAPH.into("postgres")}
    assert PASSWORDS["task_worker"] in stolen


async def test_plain_text_gets_to_no_server(mesh: Mesh, addresses: Addresses) -> None:
    with pytest.raises((ConnectionError, asyncpg.PostgresError, asyncpg.InterfaceError)):
        await asyncpg.connect(_through(addresses.database_url("task_worker"), mesh.doors["postgres"]), timeout=5)


async def test_another_server_in_its_place_is_not_believed(
    authority: Authority, places: Iterator[str], addresses: Addresses, tmp_path: Path
) -> None:
    """The certificate is the mesh's own, and says that this is RabbitMQ."""
    manifests = built("k8s/overlays/staging")
    door, way = (next(places), POSTGRES), (next(places), POSTGRES)
    labels = dict(workload("postgres").labels)
    listener = inbound(manifests, "impostor", labels, identity_of(authority, "rabbitmq"), door)
    host = workload("postgres").host
    assert host is not None
    tls = mutual(manifests, host, identity_of(authority, "task-worker"), target_account="postgres")
    behind = [cluster("impostor", [("127.0.0.1", addresses.postgres.port)]), cluster("out", [door], tls=tls)]
    async with running_envoy(tmp_path, "impostor", [listener, tcp_outbound("out", way)], behind):
        with pytest.raises((ConnectionError, asyncpg.PostgresError, asyncpg.InterfaceError)):
            await asyncpg.connect(_through(addresses.database_url("task_worker"), way), timeout=5)
