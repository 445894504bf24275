"""The broker behind TLS: believed with the right authority, and not without."""

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from yarl import URL

from chassis.amqp.connection import Connection
from chassis.topology import COMMANDS
from tests.conftest import Addresses


def write_certificate(folder: Path) -> tuple[Path, Path]:
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=True)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / "broker.pem", folder / "broker.key"
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate_file, key_file


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
    writer.close()


@pytest.fixture
async def secured(addresses: Addresses, tmp_path: Path) -> AsyncIterator[tuple[URL, Path]]:
    """The URL of the broker behind TLS, and whom to believe."""
    certificate, key = write_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    plain = urlsplit(addresses.amqp_url("gateway"))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_broker, to_broker = await asyncio.open_connection(plain.hostname, plain.port)
        await asyncio.gather(pump(reader, to_broker), pump(from_broker, writer))

    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context) as server:
        port = server.sockets[0].getsockname()[1]
        yield (
            URL(addresses.amqp_url("gateway")).with_scheme("amqps").with_host("127.0.0.1").with_port(port),
            certificate,
        )


async def test_whom_it_believes_it_speaks_to(secured: tuple[URL, Path]) -> None:
    url, certificate = secured
    connection = Connection(url.update_query(cafile=str(certificate)), name="test", heartbeat=5)
    async with asyncio.timeout(10):
        await connection.open()
        async with connection.channel() as channel:
            await channel.find_exchange(COMMANDS)
        await connection.close()


async def test_nobody_else_hears_the_password(secured: tuple[URL, Path]) -> None:
    url, _ = secured
    with pytest.raises(ssl.SSLCertVerificationError):
        await Connection(url, name="test", heartbeat=5).open()
