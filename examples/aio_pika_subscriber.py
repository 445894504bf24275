"""Prints every event of a queue, once each: AMQP_URL and QUEUE say which."""

import asyncio
import os

import aio_pika
from aio_pika.abc import AbstractIncomingMessage

seen: set[str] = set()  # in earnest: a table, written in the transaction of what the event makes you do


async def handle(message: AbstractIncomingMessage) -> None:
    event_id = str(message.headers["ce-id"])
    if event_id not in seen:
        print(message.headers["ce-type"], event_id, message.body.decode(), flush=True)
        seen.add(event_id)
    await message.ack()


async def main() -> None:
    connection = await aio_pika.connect_robust(os.environ["AMQP_URL"])
    async with connection:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=50)
        queue = await channel.get_queue(os.environ["QUEUE"])
        await queue.consume(handle)
        await asyncio.Event().wait()


asyncio.run(main())
