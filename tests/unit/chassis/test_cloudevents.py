"""The `cloudevents` package is the oracle: what one side writes, the other reads."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import orjson
import pytest
from cloudevents.core.bindings import rabbitmq
from cloudevents.core.bindings.rabbitmq import RabbitMQMessage
from cloudevents.core.v1.event import CloudEvent as OfficialEvent

from chassis.cloudevents import CloudEvent, attributes, read_event
from chassis.errors import Unprocessable
from tests.unit.chassis.arriving import arrive

ID, AGGREGATE = UUID(int=1), UUID(int=2)
TIME = datetime(2026, 11, 25, 13, 30, 0, 123456, tzinfo=timezone(timedelta(hours=1)))
DATA = {"task": {"title": "Vodní “kytky” 🌱"}, "changes": {}}
BODY = orjson.dumps(DATA)


def headers() -> dict[str, str]:
    return attributes(
        event_id=ID,
        wire_name="tasks.task_created.v1",
        source="/taskmesh/task_worker",
        subject=f"task/{AGGREGATE}",
        time=TIME,
        schema="https://tasks.example.org/schemas/tasks.task_created.v1",
        sequence=7,
        partition=AGGREGATE,
    )


def test_any_subscriber_reads_what_is_published() -> None:
    message = RabbitMQMessage(headers(), "application/json", BODY)
    event = rabbitmq.from_binary_event(message)
    assert event.get_attributes() == {
        "specversion": "1.0",
        "id": str(ID),
        "source": "/taskmesh/task_worker",
        "type": "tasks.task_created.v1",
        "subject": f"task/{AGGREGATE}",
        "time": TIME,
        "dataschema": "https://tasks.example.org/schemas/tasks.task_created.v1",
        "sequence": "00000000000000000007",
        "partitionkey": str(AGGREGATE),
        "datacontenttype": "application/json",
    }
    assert event.get_data() == DATA


def test_what_others_publish_is_read() -> None:
    official = OfficialEvent(
        {
            "specversion": "1.0",
            "id": str(ID),
            "source": "/taskmesh/task_worker",
            "type": "tasks.task_created.v1",
            "subject": f"task/{AGGREGATE}",
            "time": TIME.astimezone(UTC),
            "sequence": "00000000000000000007",
            "datacontenttype": "application/json",
        },
        DATA,
    )
    message = rabbitmq.to_binary_event(official)
    assert read_event(arrive(message.body, headers=message.headers)) == CloudEvent(
        id=ID,
        type="tasks.task_created.v1",
        source="/taskmesh/task_worker",
        subject=f"task/{AGGREGATE}",
        time=TIME,
        sequence=7,
        data=DATA,
        body=message.body.decode(),
    )


def test_the_data_is_kept_byte_for_byte() -> None:
    body = b'{ "b": 1.0,\n"a": "\xc3\xa9" }'
    assert read_event(arrive(body, headers=headers())).body.encode() == body


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"ce-id": None}, "decode"),
        ({"ce-id": "1"}, "decode"),
        ({"ce-id": 1}, "decode"),
        ({"ce-type": None}, "decode"),
        ({"ce-time": "yesterday"}, "decode"),
        ({"ce-time": TIME}, "decode"),
        ({"ce-sequence": "seven"}, "decode"),
        ({"ce-specversion": "0.3"}, "version"),
        ({"ce-specversion": None}, "version"),
    ],
)
def test_attributes_that_cannot_be_read_are_parked(changes: dict[str, Any], reason: str) -> None:
    changed = {name: value for name, value in {**headers(), **changes}.items() if value is not None}
    with pytest.raises(Unprocessable) as parked:
        read_event(arrive(BODY, headers=changed))
    assert parked.value.reason == reason


@pytest.mark.parametrize(
    ("body", "reason"), [(b"{", "decode"), (b"\xff", "decode"), (b"[]", "version"), (b"", "decode")]
)
def test_data_that_cannot_be_read_is_parked(body: bytes, reason: str) -> None:
    with pytest.raises(Unprocessable) as parked:
        read_event(arrive(body, headers=headers()))
    assert parked.value.reason == reason
