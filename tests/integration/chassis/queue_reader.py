"""Takes messages out of a queue of the test broker and looks at them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage

from ops.rabbitmq import RabbitMQ
from tests.conftest import VHOST
from tests.eventually import eventually


class QueueReader:
    def __init__(self, channel: AbstractChannel) -> None:
        self.channel = channel

    async def take(self, queue: str, *, within: float = 10.0) -> AbstractIncomingMessage:
        source = await self.channel.get_queue(queue, ensure=False)

        async def look() -> AbstractIncomingMessage | None:
            return await source.get(no_ack=True, fail=False)

        return await eventually(look, within=within, every=0.1)


@asynccontextmanager
async def read_queues(rabbitmq: RabbitMQ) -> AsyncIterator[QueueReader]:
    connection = await aio_pika.connect(rabbitmq.amqp_url(*rabbitmq.admin, VHOST))
    async with connection:
        yield QueueReader(await connection.channel())
