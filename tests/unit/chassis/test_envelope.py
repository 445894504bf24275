"""The abuse cases of a consumer that need no broker: each is parked with its reason, or read without harm."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest

from chassis.broker import Incoming, Outgoing
from chassis.consumer import _attempt
from chassis.envelope import MAX_BODY, MAX_BUDGET, Envelope, find_caller, read_envelope
from chassis.errors import Unprocessable
from chassis.subscription import read_body, unhandled
from contracts.message import Actor
from contracts.tasks import CreateTask
from tests.unit.chassis.arriving import MESSAGE_ID, SENT_AT, arrive

BODY = CreateTask.model_validate({"task_id": MESSAGE_ID, "task": {"title": "Water the plants"}}).model_dump_json()
REPLY_TO = "gateway.replies." + "0" * 32
SOON = int((datetime.now(UTC) + timedelta(seconds=5)).timestamp() * 1000)
ADA = Actor(id=UUID(int=1), username="ada", scopes=("tasks:read",))


def read(incoming: Incoming) -> CreateTask:
    """As a worker that knows CreateTask alone."""
    envelope = read_envelope(incoming, own_user="task_worker")
    if envelope.wire_name != CreateTask.wire_name:
        raise unhandled(envelope.wire_name, [CreateTask.wire_name])
    return read_body(CreateTask, incoming)


def waiting(**changes: Any) -> dict[str, Any]:
    return {"reply_to": REPLY_TO, "correlation_id": "1", "headers": {"x-deadline": SOON}, **changes}


def test_a_readable_message_is_read() -> None:
    assert read(arrive(BODY.encode())) == CreateTask.model_validate_json(BODY)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(b"{not json", "decode", id="A1 no JSON"),
        pytest.param(b"", "decode", id="A1 empty"),
        pytest.param(BODY.encode()[:-2] + b"\xc3", "decode", id="A1 truncated UTF-8"),
        pytest.param(b"\xef\xbb\xbf" + BODY.encode(), "decode", id="A1 byte order mark"),
        pytest.param(b"\x80\x04\x95\x05\x00\x00\x00\x00\x00\x00\x00}\x94.", "decode", id="A2 pickle"),
        pytest.param(b" " * (MAX_BODY + 1), "decode", id="A5 too large"),
        pytest.param(b"[]", "validation", id="no object"),
        pytest.param(b'{"task_id":"x","task":{"title":"a"}}', "validation", id="a wrong value"),
    ],
)
def test_a_body_that_cannot_be_read_is_parked(body: bytes, reason: str) -> None:
    with pytest.raises(Unprocessable) as parked:
        read(arrive(body))
    assert parked.value.reason == reason


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        pytest.param({"content_type": None}, "decode", id="A3 no content type"),
        pytest.param({"content_type": "text/xml"}, "decode", id="A3 XML"),
        pytest.param({"content_type": "application/json; charset=x"}, "decode", id="A3 charset"),
        pytest.param({"content_encoding": "gzip"}, "decode", id="A4 gzip"),
        pytest.param({"message_type": None}, "unhandled", id="A6 no type"),
        pytest.param({"message_type": "tasks.fly_to_the_moon.v1"}, "unhandled", id="A6 unknown type"),
        pytest.param({"message_type": "tasks.create_task.v2"}, "version", id="A7 v2"),
        pytest.param({"message_type": "tasks.create_task.vv"}, "version", id="A7 vv"),
        pytest.param({"message_id": None}, "decode", id="A8 no message id"),
        pytest.param({"message_id": "1"}, "decode", id="A8 no UUID"),
        pytest.param({"timestamp": None}, "decode", id="no timestamp"),
        pytest.param(waiting(correlation_id=None), "decode", id="A9 no correlation id"),
        pytest.param(waiting(reply_to="tasks.commands"), "authz", id="A11 a command queue"),
        pytest.param(waiting(reply_to="amq.rabbitmq.reply-to.x"), "authz", id="A11 direct reply-to"),
        pytest.param(waiting(reply_to="../../"), "authz", id="A11 a path"),
        pytest.param(waiting(reply_to=REPLY_TO + "0"), "authz", id="A11 one digit more"),
        pytest.param({"headers": {"x-actor": "{"}}, "authz", id="A15 no JSON"),
        pytest.param({"headers": {"x-actor": '{"username":"ada"}'}}, "authz", id="A15 nobody"),
        pytest.param({"headers": {"x-actor": {"id": MESSAGE_ID}}}, "authz", id="A15 a table"),
        pytest.param({"headers": {"x-actor": 1}}, "authz", id="A15 a number"),
        pytest.param(waiting(headers={}), "decode", id="A18 no deadline"),
        pytest.param(waiting(headers={"x-deadline": str(SOON)}), "decode", id="A18 a string"),
        pytest.param(waiting(headers={"x-deadline": True}), "decode", id="A18 a boolean"),
        pytest.param(waiting(headers={"x-deadline": SOON / 1}), "decode", id="A18 a float"),
    ],
)
def test_properties_that_cannot_be_read_are_parked(properties: dict[str, Any], reason: str) -> None:
    with pytest.raises(Unprocessable) as parked:
        read(arrive(BODY.encode(), **properties))
    assert parked.value.reason == reason


@pytest.mark.parametrize("deadline", [SOON + 10 * 365 * 86_400_000, 2**62], ids=["in ten years", "never"])
def test_a_deadline_far_away_is_cut(deadline: int) -> None:
    """A18"""
    caller = find_caller(arrive(**waiting(headers={"x-deadline": deadline})))
    assert caller is not None
    assert MAX_BUDGET.total_seconds() - 5 < caller.remaining <= MAX_BUDGET.total_seconds()


def test_a_deadline_that_has_passed_leaves_no_time() -> None:
    caller = find_caller(arrive(**waiting(headers={"x-deadline": 1})))
    assert caller is not None
    assert caller.remaining < 0


def test_nobody_is_told_at_an_address_that_is_not_a_gateways() -> None:
    assert find_caller(arrive(**waiting(reply_to="tasks.commands"))) is None


@pytest.mark.parametrize(
    ("value", "attempt"), [(0, 0), (3, 3), (99, 99), (-1, 0), (10**9, 0), ("3", 0), (None, 0), ({}, 0)]
)
def test_an_attempt_that_makes_no_sense_is_the_first(value: Any, attempt: int) -> None:
    """A19"""
    assert _attempt(arrive(headers={"x-attempt": value})) == attempt


def test_headers_that_nobody_knows_are_ignored() -> None:
    """A20"""
    headers = {f"x-{number}": {"nested": [b"\x00\xff", {"deeper": number}]} for number in range(1000)}
    assert read_envelope(arrive(headers=headers), own_user="task_worker") == Envelope(
        message_id=UUID(MESSAGE_ID),
        wire_name="tasks.create_task.v1",
        sent_at=SENT_AT,
        sender="gateway",
        actor=None,
        caller=None,
        idempotency_key=None,
        request_sha="",
    )


def test_the_envelope_says_who_asks() -> None:
    headers = {"x-actor": ADA.model_dump_json(), "x-idempotency-key": "once", "x-request-sha": "sha"}
    envelope = read_envelope(arrive(headers=headers), own_user="task_worker")
    assert (envelope.actor, envelope.scope) == (ADA, ADA.id)
    assert (envelope.idempotency_key, envelope.request_sha) == ("once", "sha")


def test_callers_without_an_account_share_one_scope() -> None:
    assert read_envelope(arrive(), own_user="task_worker").scope == UUID(int=0)


@pytest.mark.parametrize(
    ("user_id", "sender"),
    [
        pytest.param("gateway", "gateway", id="the broker vouches for him"),
        pytest.param("task_worker", "auth_worker", id="the worker's own user carries on whom it set aside"),
        pytest.param("notifier", "notifier", id="nobody else may name another"),
        pytest.param(None, "", id="A14 nobody"),
    ],
)
def test_the_sender_is_whom_the_broker_vouches_for(user_id: str | None, sender: str) -> None:
    incoming = arrive(user_id=user_id, headers={"x-sender": "auth_worker"})
    assert read_envelope(incoming, own_user="task_worker").sender == sender


@pytest.mark.parametrize(("headers", "sender"), [({}, "task_worker"), ({"x-sender": ""}, "")])
def test_what_a_service_sends_to_itself_is_its_own(headers: dict[str, str], sender: str) -> None:
    """But for what it set aside without knowing whose it was."""
    incoming = arrive(user_id="task_worker", headers=headers)
    assert read_envelope(incoming, own_user="task_worker").sender == sender


def test_why_a_body_is_wrong_is_said_without_what_stands_there() -> None:
    body = orjson.dumps({"task_id": MESSAGE_ID, "task": {"title": "a", "priority": "my secret"}})
    with pytest.raises(Unprocessable) as parked:
        read(arrive(body))
    assert str(parked.value) == "task.priority: literal_error"


def test_what_would_change_the_way_of_a_message_changes_nothing_here() -> None:
    """A24"""
    headers = {"CC": ["auth.commands"], "BCC": ["notifier.commands"]}
    plain = read_envelope(arrive(), own_user="task_worker")
    assert read_envelope(arrive(headers=headers, priority=9, expiration="1"), own_user="task_worker") == plain
    assert {field.name for field in fields(Outgoing)} & {"priority", "cc", "bcc"} == set()
