"""The two answers there are, as they travel from a worker to the gateway that waits."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from uuid_utils.compat import uuid7

from chassis.broker import Broker, Outgoing
from chassis.envelope import Caller
from chassis.errors import Unavailable
from chassis.topology import REPLIES
from contracts.problems import Problem

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Reply:
    """`status` is HTTP's. Below 400 the body is the reply of the message's contract, else a Problem."""

    status: int
    body: bytes
    command_id: UUID | None = None
    """Of the command that was executed: another one than was asked for, if that one was executed before."""
    replayed: bool = False

    @classmethod
    def no(cls, problem: Problem, command_id: UUID | None = None) -> "Reply":
        return cls(problem.type.status, problem.model_dump_json().encode(), command_id)


def send_reply(broker: Broker, caller: Caller, reply: Reply) -> None:
    """Nobody waits for the broker's word: without it there would be nothing else to do.

    A reply that does not arrive leaves its caller with `outcome-unknown`, which is the truth, and the inbox knows it.
    """
    try:
        broker.tell(_message(caller, reply))
    except Unavailable as error:
        log.info("reply not delivered", correlation_id=caller.correlation_id, error=str(error))


def _message(caller: Caller, reply: Reply) -> Outgoing:
    headers: dict[str, Any] = {"x-status": reply.status, "x-replayed": reply.replayed}
    if reply.command_id is not None:
        headers["x-command-id"] = str(reply.command_id)
    return Outgoing(
        exchange=REPLIES,
        routing_key=caller.reply_to,
        body=reply.body,
        message_id=str(uuid7()),
        type="reply",
        headers=headers,
        correlation_id=caller.correlation_id,
        expiration=max(1, int(caller.remaining * 1000)),
        persistent=False,
    )
