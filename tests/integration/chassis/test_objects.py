"""The same for every kind of storage; S3's is moto's server."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator

import boto3  # type: ignore[import-untyped]
import pytest
from moto.server import ThreadedMotoServer

from chassis.errors import Unavailable
from chassis.objects import Objects


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    client = boto3.client(
        "s3", endpoint_url=url, aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1"
    )
    client.create_bucket(Bucket="files")
    yield url
    server.stop()


def connect(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> Objects:
    for name, value in {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_ALLOW_HTTP": "true",
    }.items():
        monkeypatch.setenv(name, value)
    return Objects("s3://files/here")


@pytest.fixture(params=["file", "memory", "s3"])
def objects(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Objects:
    match request.param:
        case "file":
            return Objects(f"file://{tmp_path_factory.mktemp('objects')}/new")
        case "memory":
            return Objects("memory:///")
        case _:
            return connect(monkeypatch, request.getfixturevalue("s3"))


async def chunks(*parts: bytes, error: Exception | None = None) -> AsyncIterator[bytes]:
    for part in parts:
        yield part
    if error is not None:
        raise error


async def read(objects: Objects, name: str, start: int, end: int) -> bytes:
    return b"".join([chunk async for chunk in objects.read(name, start, end)])


async def test_bytes_come_back(objects: Objects) -> None:
    whole = [bytes([number]) * 65_536 for number in range(100)]
    await objects.write("files/a", chunks(*whole))
    assert await read(objects, "files/a", 0, 6_553_600) == b"".join(whole)
    assert await read(objects, "files/a", 65_535, 65_538) == b"\x00\x01\x01"
    await objects.erase("files/a")
    with pytest.raises(Unavailable):
        await read(objects, "files/a", 0, 1)
    await objects.erase("files/a")


async def test_what_breaks_off_leaves_nothing(objects: Objects) -> None:
    broken = chunks(b"a" * 65_536, error=ValueError("the client went away"))
    with pytest.raises(ValueError, match="went away"):
        await objects.write("files/b", broken)
    with pytest.raises(Unavailable):
        await read(objects, "files/b", 0, 1)


async def test_a_storage_that_is_away_is_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pitfall F46: what erases a file is tried again"""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        objects = connect(monkeypatch, f"http://127.0.0.1:{nobody.getsockname()[1]}")
        async with asyncio.timeout(10):
            with pytest.raises(Unavailable):
                await objects.write("files/c", chunks(b"a"))
