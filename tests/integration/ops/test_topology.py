import asyncio
import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import aio_pika
import pytest
from aiormq.exceptions import ChannelAccessRefused

from chassis.topology import COMMANDS, EVENTS, PARKED, PARKING, TOPOLOGY, USERS, Queue, Topology
from ops import topology
from ops.errors import OpsError
from ops.management import Management, open_management
from ops.rabbitmq import RabbitMQ
from ops.topology import declare, differences

# As in the conftest, because the users belong to the broker and not to the virtual host.
PASSWORDS = dict.fromkeys([user.name for user in USERS], "only-for-tests")


@pytest.fixture
async def api(rabbitmq: RabbitMQ) -> AsyncIterator[Management]:
    async with open_management(rabbitmq.management_url, rabbitmq.admin) as api:
        yield api


@pytest.fixture
async def own_vhost(rabbitmq: RabbitMQ, api: Management) -> AsyncIterator[str]:
    vhost = f"topology/{secrets.token_hex(4)}"
    await declare(rabbitmq.management_url, vhost, rabbitmq.admin, passwords=PASSWORDS)
    yield vhost
    await api.delete("vhosts", vhost)


async def found(rabbitmq: RabbitMQ, vhost: str, topology: Topology = TOPOLOGY) -> list[str]:
    return [str(each) for each in await differences(rabbitmq.management_url, vhost, rabbitmq.admin, topology)]


async def test_declaring_again_and_at_the_same_time_changes_nothing(rabbitmq: RabbitMQ, own_vhost: str) -> None:
    again = [declare(rabbitmq.management_url, own_vhost, rabbitmq.admin, passwords=PASSWORDS) for _ in range(3)]
    await asyncio.gather(*again)
    assert await found(rabbitmq, own_vhost) == []


async def test_declaring_takes_less_than_a_second_beside_its_wait_for_new_queues(
    rabbitmq: RabbitMQ, own_vhost: str, api: Management
) -> None:
    async def takes() -> float:
        began = asyncio.get_running_loop().time()
        await declare(rabbitmq.management_url, own_vhost, rabbitmq.admin, passwords=PASSWORDS)
        return asyncio.get_running_loop().time() - began

    assert await takes() < 1
    await api.delete("vhosts", own_vhost)
    assert await takes() < 1 + topology._UNTIL_QUEUES_LAST


async def test_a_queue_declared_again_keeps_what_comes_in_although_the_broker_is_killed(scratch: Path) -> None:
    async with RabbitMQ(scratch / f"rabbitmq-{secrets.token_hex(4)}") as node:
        await declare(node.management_url, "own", node.admin)
        async with open_management(node.management_url, node.admin) as api:
            await api.delete("queues", "own", PARKED.name)
        await declare(node.management_url, "own", node.admin)
        async with await aio_pika.connect(node.amqp_url(*node.admin, "own")) as connection:
            exchange = await (await connection.channel()).get_exchange(PARKING)
            await exchange.publish(
                aio_pika.Message(b"kept", delivery_mode=aio_pika.DeliveryMode.PERSISTENT), PARKED.name
            )
        await node.kill()
        await node.start()
        async with await aio_pika.connect(node.amqp_url(*node.admin, "own")) as connection:
            queue = await (await connection.channel()).get_queue(PARKED.name)
            assert (await queue.get(timeout=10)).body == b"kept"
    node.forget()


async def test_what_is_missing_is_found_and_mended(rabbitmq: RabbitMQ, own_vhost: str, api: Management) -> None:
    await api.delete("queues", own_vhost, PARKED.name)
    missing = await found(rabbitmq, own_vhost)
    assert "queue parking is missing." in missing
    assert "binding taskmesh.parking -> parking is missing." in missing
    await declare(rabbitmq.management_url, own_vhost, rabbitmq.admin)
    assert await found(rabbitmq, own_vhost) == []


async def test_a_binding_to_a_queue_of_ours_that_nobody_planned_is_found(
    rabbitmq: RabbitMQ, own_vhost: str, api: Management
) -> None:
    body = {"routing_key": "auth.#", "arguments": {}}
    await api.post("bindings", own_vhost, "e", EVENTS, "q", PARKED.name, body=body)
    assert await found(rabbitmq, own_vhost) == ["binding taskmesh.events -> parking (auth.#) is not in the topology."]


async def test_a_queue_with_other_arguments_is_named_with_the_remedy(rabbitmq: RabbitMQ, own_vhost: str) -> None:
    longer = Queue(PARKED.name, {**PARKED.arguments, "x-max-length": 7})
    queues = tuple(longer if queue.name == PARKED.name else queue for queue in TOPOLOGY.queues)
    with pytest.raises(OpsError, match=r"queue parking has arguments .*x-max-length=7.*\n.*delete it on the broker"):
        await declare(rabbitmq.management_url, own_vhost, rabbitmq.admin, replace(TOPOLOGY, queues=queues))


async def test_a_worker_may_answer_and_tell_but_not_read_what_is_others(rabbitmq: RabbitMQ, own_vhost: str) -> None:
    url = rabbitmq.amqp_url("task_worker", PASSWORDS["task_worker"], own_vhost)
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        await channel.get_queue("tasks.commands")
        exchange = await channel.get_exchange(EVENTS, ensure=False)
        await exchange.publish(aio_pika.Message(b"", user_id="task_worker"), "tasks.test")
        with pytest.raises(ChannelAccessRefused):
            await (await channel.get_queue("auth.commands", ensure=False)).get()


async def test_the_gateway_may_send_commands_but_tell_no_events(rabbitmq: RabbitMQ, own_vhost: str) -> None:
    url = rabbitmq.amqp_url("gateway", PASSWORDS["gateway"], own_vhost)
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        commands = await channel.get_exchange(COMMANDS, ensure=False)
        await commands.publish(aio_pika.Message(b""), "tasks.commands")
        events = await channel.get_exchange(EVENTS, ensure=False)
        with pytest.raises(ChannelAccessRefused):
            await events.publish(aio_pika.Message(b""), "tasks.test")


async def test_a_broker_that_is_away_is_named(rabbitmq: RabbitMQ) -> None:
    with pytest.raises(OpsError, match="does not answer"):
        await declare("http://127.0.0.1:1", "taskmesh", rabbitmq.admin)


async def test_a_wrong_password_is_named(rabbitmq: RabbitMQ) -> None:
    with pytest.raises(OpsError, match="401"):
        await declare(rabbitmq.management_url, "taskmesh", ("admin", "guessed"))
