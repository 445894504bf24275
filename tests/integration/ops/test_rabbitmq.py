"""A private node through what may happen to it; the way it was come by is the machine's."""

import os
import pwd
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import aio_pika
import pytest

from ops import processes, rabbitmq_files
from ops.errors import OpsError
from ops.ports import is_free
from ops.rabbitmq import RabbitMQ
from ops.state import cache_folder
from ops.unprivileged import account
from tests.eventually import eventually


@pytest.fixture
async def node(scratch: Path) -> AsyncIterator[RabbitMQ]:
    node = RabbitMQ(scratch / f"rabbitmq-{secrets.token_hex(4)}")
    yield node
    await node.stop()
    node.forget()


async def publish(node: RabbitMQ, body: bytes) -> None:
    async with await aio_pika.connect(node.amqp_url(*node.admin, "/")) as connection:
        channel = await connection.channel()
        await channel.declare_queue("kept", durable=True, arguments={"x-queue-type": "quorum"})
        message = aio_pika.Message(body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
        await channel.default_exchange.publish(message, "kept")


async def take(node: RabbitMQ) -> bytes:
    async with await aio_pika.connect(node.amqp_url(*node.admin, "/")) as connection:
        channel = await connection.channel()
        queue = await channel.get_queue("kept")
        message = await queue.get(timeout=10)
        await message.ack()
        return message.body


async def registered(node: RabbitMQ) -> None:
    """RabbitMQ 3.10 writes a new quorum queue's name down within a second, and until then a kill makes it mute."""
    names = next((node.folder / "data").glob("*/quorum/*/names.dets"))
    await eventually(lambda: b"kept" in names.read_bytes())


def ours(node: RabbitMQ) -> list[processes.Process]:
    beams = [process for process in processes.running() if f"-home {node.folder} " in process.command]
    return beams + [kin for beam in beams for kin in processes.descendants(beam.pid)]


def is_unprivileged(node: RabbitMQ) -> bool:
    wanted = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else os.geteuid()
    return (node.folder / "data").stat().st_uid == wanted


async def test_what_was_confirmed_survives_a_kill_and_a_killed_supervisor(node: RabbitMQ) -> None:
    await node.start()
    ports = node.port, node.management_port
    assert is_unprivileged(node)
    await publish(node, b"first")
    await registered(node)
    await node.kill()
    assert ours(node) == []
    await node.start()
    assert (node.port, node.management_port) == ports
    assert await take(node) == b"first"

    await publish(node, b"second")
    successor = RabbitMQ(node.folder, port=node.port)
    async with successor:
        assert await take(successor) == b"second"
    assert ours(node) == []
    assert all(is_free(port) for port in ports)


async def test_two_nodes_do_not_meet(node: RabbitMQ, rabbitmq: RabbitMQ) -> None:
    await node.start()
    await publish(node, b"here")
    await publish(rabbitmq, b"there")
    assert await take(node) == b"here"
    assert await take(rabbitmq) == b"there"


@pytest.mark.parametrize("way", ["system", "homebrew"])
def test_a_way_that_this_machine_lacks_is_named_with_the_others(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKMESH_RABBITMQ", way)
    try:
        found = rabbitmq_files.find(cache_folder(), account())
    except OpsError as error:
        message = str(error)
        assert f"`{way}`" in message
        assert "docker compose up" in message
        assert "brew install rabbitmq" in message
    else:
        assert found.way == way


def test_an_unknown_way_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKMESH_RABBITMQ", "magic")
    with pytest.raises(OpsError, match="`system`, `homebrew` or `debian`"):
        rabbitmq_files.find(cache_folder(), account())
