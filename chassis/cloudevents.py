"""Events as CloudEvents 1.0 in RabbitMQ's form: attributes in `ce-` headers, data in the body."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson

from chassis.broker import Incoming
from chassis.errors import Unprocessable


@dataclass(frozen=True, slots=True)
class CloudEvent:
    id: UUID
    type: str
    subject: str
    time: datetime
    sequence: int
    """The version of the aggregate that the event made."""
    data: Mapping[str, Any]
    body: str
    """The data, byte for byte as published."""

    @classmethod
    def from_headers(cls, headers: Mapping[str, Any], body: bytes) -> "CloudEvent":
        return cls(
            id=UUID(headers["ce-id"]),
            type=headers["ce-type"],
            subject=headers["ce-subject"],
            time=datetime.fromisoformat(headers["ce-time"]),
            sequence=int(headers["ce-sequence"]),
            data=orjson.loads(body),
            body=body.decode(),
        )


def attributes(
    *,
    event_id: UUID,
    wire_name: str,
    source: str,
    subject: str,
    time: datetime,
    schema: str,
    sequence: int,
    partition: UUID,
) -> dict[str, str]:
    return {
        "ce-specversion": "1.0",
        "ce-id": str(event_id),
        "ce-source": source,
        "ce-type": wire_name,
        "ce-subject": subject,
        "ce-time": time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "ce-dataschema": schema,
        "ce-sequence": f"{sequence:020d}",
        "ce-partitionkey": str(partition),
    }


def read_event(incoming: Incoming) -> CloudEvent:
    try:
        event = CloudEvent.from_headers(incoming.headers, incoming.body)
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise Unprocessable("decode", f"no CloudEvent: {type(error).__name__} {error}") from error
    if incoming.headers.get("ce-specversion") != "1.0" or not isinstance(event.data, dict):
        raise Unprocessable("version", "no CloudEvent of version 1.0 with an object as its data")
    return event
