"""The same with FastStream: an event's data is the body, and its attributes are headers."""

import asyncio
import os
from typing import Any

from faststream import AckPolicy, FastStream
from faststream.rabbit import RabbitBroker, RabbitMessage, RabbitQueue

broker = RabbitBroker(os.environ["AMQP_URL"])
app = FastStream(broker)


@broker.subscriber(RabbitQueue(os.environ["QUEUE"], declare=False), ack_policy=AckPolicy.ACK)
async def handle(data: dict[str, Any], message: RabbitMessage) -> None:
    subject = data.get("task", data.get("user", {}))
    print(message.headers["ce-type"], message.headers["ce-id"], subject.get("id"), flush=True)


asyncio.run(app.run())
