"""Reads the stream of all events from its beginning, and stays for what follows."""

import asyncio
import os

import aio_pika
from aio_pika.abc import AbstractIncomingMessage


async def handle(message: AbstractIncomingMessage) -> None:
    print(message.headers["x-stream-offset"], message.headers["ce-type"], message.headers["ce-id"], flush=True)
    await message.ack()


async def main() -> None:
    connection = await aio_pika.connect_robust(os.environ["AMQP_URL"])
    async with connection:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=100)
        log = await channel.get_queue("events.log")
        await log.consume(handle, arguments={"x-stream-offset": "first"})
        await asyncio.Event().wait()


asyncio.run(main())
