"""Answers queries from committed data. A query is lost with its deadline, and nobody minds: asking again is free."""

import asyncio
import json
from collections.abc import Iterable
from typing import Any

import asyncpg

from chassis import inbox
from chassis.broker import Broker, Incoming
from chassis.database import Database
from chassis.envelope import Envelope
from chassis.errors import Refusal, Unavailable, Unprocessable
from chassis.outcomes import dump
from chassis.replies import Reply, send_reply
from chassis.subscription import AnyQuery, Delivery, QuerySubscription, read_body, unhandled
from contracts.outcomes import CommandOutcome, FindCommand
from contracts.problems import DEADLINE_EXCEEDED, NOT_FOUND, OVERLOADED, Problem


class Queries:
    def __init__(self, subscriptions: Iterable[AnyQuery], database: Database, broker: Broker) -> None:
        everything = (*subscriptions, QuerySubscription(FindCommand, find_command))
        self._subscriptions = {subscription.message.wire_name: subscription for subscription in everything}
        self._database = database
        self._broker = broker

    async def process(self, envelope: Envelope, incoming: Incoming) -> None:
        subscription = self._subscriptions.get(envelope.wire_name)
        if subscription is None:
            raise unhandled(envelope.wire_name, self._subscriptions)
        if envelope.caller is None:
            raise Unprocessable("decode", "a query that nobody waits for")
        if envelope.caller.remaining <= 0:
            return
        query = read_body(subscription.message, incoming)
        reply = await self._answer(subscription, query, envelope, envelope.caller.remaining)
        send_reply(self._broker, envelope.caller, reply)

    async def _answer(self, subscription: AnyQuery, query: Any, envelope: Envelope, budget: float) -> Reply:
        try:
            async with asyncio.timeout(budget), self._database.acquire() as connection:
                reply = await subscription.handle(query, Delivery(envelope, connection))
        except Refusal as refusal:
            return Reply.no(refusal.problem)
        except TimeoutError:
            return Reply.no(Problem(type=DEADLINE_EXCEEDED))
        except asyncpg.QueryCanceledError as error:
            raise Unavailable(OVERLOADED, "a query took too long") from error
        return Reply(200, dump(reply))


async def find_command(query: FindCommand, delivery: Delivery) -> CommandOutcome:
    found = await inbox.find(delivery.connection, query.command_id, scope=query.scope)
    if found is None:
        raise Refusal(NOT_FOUND)
    succeeded = found.status < 400
    reply = None if found.reply is None else json.loads(found.reply)
    return CommandOutcome(
        id=found.command_id,
        type=found.type,
        status="succeeded" if succeeded else "failed",
        created_at=found.created_at,
        completed_at=found.created_at,
        http_status=found.status,
        result=reply if succeeded else None,
        problem=None if succeeded else reply,
    )
