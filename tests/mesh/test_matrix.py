"""Every identity tries every port of every workload in front of a real Envoy: who gets through is who has an edge."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from ops.edges import AMQP, GRAPH, HTTP, MANAGEMENT, POSTGRES, RABBITMQ_METRICS, VALKEY
from tests.manifests.building import built
from tests.mesh.conftest import identity_of, workload
from tests.mesh.envoy import running_envoy
from tests.mesh.identities import Authority, Identity
from tests.mesh.model import Address, cluster, inbound

TARGETS = ("gateway", "valkey", "rabbitmq", "postgres")
PORTS = (HTTP, VALKEY, AMQP, MANAGEMENT, RABBITMQ_METRICS, POSTGRES)
GREETING = b"hello"


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(await reader.read(64))
    await writer.drain()
    writer.close()


@pytest.fixture
async def doors(authority: Authority, places: Iterator[str], tmp_path: Path) -> AsyncIterator[dict[str, str]]:
    """The address of each workload, where every port of PORTS has the mesh's listener in front of an echo."""
    manifests = built("k8s/overlays/production")
    addresses = dict(zip(TARGETS, places, strict=False))
    server = await asyncio.start_server(_echo, "127.0.0.1", 0)
    application: Address = server.sockets[0].getsockname()
    listeners, clusters = [], []
    for name, address in addresses.items():
        for port in PORTS:
            label = f"{name}-{port}"
            listeners.append(
                inbound(manifests, label, dict(workload(name).labels), identity_of(authority, name), (address, port))
            )
            clusters.append(cluster(label, [application]))
    async with server, running_envoy(tmp_path, "inbound", listeners, clusters):
        yield addresses


def _context(identity: Identity | None, *, alpn: bool = True) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(identity.authority) if identity else None)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if identity:
        context.load_cert_chain(identity.certificate, identity.key)
    if alpn:
        context.set_alpn_protocols(["istio"])
    return context


async def _gets_through(address: Address, context: ssl.SSLContext | None) -> bool:
    try:
        async with asyncio.timeout(5):
            reader, writer = await asyncio.open_connection(*address, ssl=context)
            writer.write(GREETING)
            answer = await reader.read(64)
    except (ConnectionError, ssl.SSLError):
        return False
    writer.close()
    return answer == GREETING


async def test_who_gets_through_is_who_has_an_edge(authority: Authority, doors: dict[str, str]) -> None:
    contexts = {each.name: _context(identity_of(authority, each.name)) for each in GRAPH.workloads}
    through = {
        (name, target, port)
        for name, context in contexts.items()
        for target, address in doors.items()
        for port in PORTS
        if await _gets_through((address, port), context)
    }
    edges = {
        (edge.source, edge.target, port)
        for edge in GRAPH.edges
        for port in edge.ports
        if edge.target in TARGETS and port in PORTS and edge.mesh == "mtls"
    }
    everybody = {(name, "rabbitmq", RABBITMQ_METRICS) for name in contexts}  # the port that the network guards alone
    assert through == edges | everybody


async def test_plain_text_gets_through_nowhere_but_to_metrics(doors: dict[str, str]) -> None:
    through = {
        (target, port)
        for target, address in doors.items()
        for port in PORTS
        if await _gets_through((address, port), None)
    }
    assert through == {("rabbitmq", RABBITMQ_METRICS)}


async def test_a_foreign_authority_is_not_believed(doors: dict[str, str], tmp_path: Path) -> None:
    forged = identity_of(Authority(tmp_path, "foreign"), "gateway")
    assert not await _gets_through((doors["rabbitmq"], AMQP), _context(forged))


async def test_no_certificate_and_no_mesh_protocol_are_refused(authority: Authority, doors: dict[str, str]) -> None:
    assert not await _gets_through((doors["rabbitmq"], AMQP), _context(None))
    assert not await _gets_through((doors["rabbitmq"], AMQP), _context(identity_of(authority, "gateway"), alpn=False))


async def test_a_permission_that_is_taken_away_shuts_the_door(
    authority: Authority, places: Iterator[str], tmp_path: Path
) -> None:
    """The matrix would be green without any AuthorizationPolicy if Envoy did not obey it."""
    manifests = [each for each in built("k8s/overlays/production") if each["metadata"]["name"] != "rabbitmq"]
    address = (next(places), AMQP)
    listener = inbound(
        manifests, "rabbitmq", dict(workload("rabbitmq").labels), identity_of(authority, "rabbitmq"), address
    )
    server = await asyncio.start_server(_echo, "127.0.0.1", 0)
    behind = cluster("rabbitmq", [server.sockets[0].getsockname()])
    async with server, running_envoy(tmp_path, "shut", [listener], [behind]):
        assert not await _gets_through(address, _context(identity_of(authority, "gateway")))
