"""What became of a command: what is answered and recorded of it, and what others are told."""

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from chassis.envelope import Envelope
from chassis.errors import Refusal
from chassis.pages import Written
from chassis.replies import Reply
from chassis.subscription import Answer, AnyCommand, Delivery, Tells


@dataclass(frozen=True, slots=True)
class Outcome:
    reply: Reply
    tells: Tells
    kept: bool
    """Whether its Idempotency-Key has this answer from now on; otherwise the key may be tried again."""
    secret: bool


async def decide(subscription: AnyCommand, command: Any, delivery: Delivery) -> Outcome:
    answer: Answer | Refusal
    try:
        answer = await subscription.handle(command, delivery)
    except Refusal as refusal:
        answer = refusal
    return outcome_of(subscription, answer, delivery.envelope)


def outcome_of(subscription: AnyCommand, answer: Answer | Refusal, envelope: Envelope) -> Outcome:
    if isinstance(answer, Refusal):
        reply = Reply.no(answer.problem, envelope.message_id)
        return Outcome(reply, answer.tells, kept=answer.problem.type.kept, secret=False)
    message = subscription.message
    reply = Reply(message.success, dump(answer.reply), envelope.message_id)
    return Outcome(reply, answer.tells, kept=True, secret=message.reply_is_secret)


def dump(reply: Any) -> bytes:
    if isinstance(reply, Written):
        return reply.body
    return reply.model_dump_json().encode() if isinstance(reply, BaseModel) else b"null"
