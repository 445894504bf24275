"""Delivers everything three times: with one effect, and one answer."""

import asyncio
from typing import Any

import asyncpg
from uuid_utils.compat import uuid7

from chassis.broker import Outgoing, open_broker
from chassis.requests import Requests, Sender
from chassis.topology import COMMANDS
from contracts.identity import Tokens
from contracts.message import Actor, Command
from tests.conftest import Addresses
from tests.eventually import eventually
from tests.integration.conftest import BUDGET

TIMES = 3


async def ask_three_times(requests: Requests, command: Command[Any], actor: Actor | None) -> tuple[int, Any]:
    sender = Sender(uuid7(), actor, BUDGET)
    replies = await asyncio.gather(*(requests.ask(command, sender) for _ in range(TIMES)))
    [answer] = {(reply.status, repr(_without_signature(reply.value)), reply.replayed) for reply in replies}
    assert answer[2] is False
    return replies[0].status, replies[0].value


def _without_signature(value: Any) -> Any:
    """ES256 signs the same claims differently each time."""
    if not isinstance(value, Tokens):
        return value
    return value.model_copy(update={"access_token": value.access_token.rpartition(".")[0]})


async def publish_three_times(addresses: Addresses, user: str, message: Outgoing) -> None:
    async with open_broker(addresses.amqp_url(user), user) as broker:
        await eventually(lambda: broker.can_publish)
        for _ in range(TIMES):
            await broker.publish(message)


def as_sent(command: Command[None]) -> Outgoing:
    """By another service, which waits for no answer."""
    return Outgoing(
        exchange=COMMANDS,
        routing_key=command.queue,
        body=command.model_dump_json().encode(),
        message_id=str(uuid7()),
        type=command.wire_name,
    )


async def types_of_events(superuser: asyncpg.Connection, schema: str) -> list[str]:
    return [row["type"] for row in await superuser.fetch(f"SELECT type FROM {schema}.event_log ORDER BY occurred_at")]
