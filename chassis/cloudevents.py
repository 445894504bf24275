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
    source: str = "/taskmesh"
    schema: str | None = None
    partition: str | None = None
    traceparent: str | None = None

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
            source=headers["ce-source"],
            schema=headers.get("ce-dataschema"),
            partition=headers.get("ce-partitionkey"),
            traceparent=headers.get("traceparent"),
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
        "ce-time": _written(time),
        "ce-dataschema": schema,
        "ce-sequence": numbered(sequence),
        "ce-partitionkey": str(partition),
    }


def numbered(number: int) -> str:
    """Twenty digits, so that texts sort as numbers do."""
    return f"{number:020d}"


def _written(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def structured(event: CloudEvent, *, position: int | None = None) -> str:
    """The whole event as one JSON object, its data byte for byte as published; `position` is its place in the feed."""
    members = {
        "specversion": "1.0",
        "id": str(event.id),
        "source": event.source,
        "type": event.type,
        "subject": event.subject,
        "time": _written(event.time),
        "datacontenttype": "application/json",
        "dataschema": event.schema,
        "sequence": numbered(event.sequence),
        "partitionkey": event.partition,
        "traceparent": event.traceparent,
        "position": None if position is None else numbered(position),
    }
    head = orjson.dumps({name: value for name, value in members.items() if value is not None}).decode()
    return f'{head[:-1]},"data":{event.body}}}'


def read_event(incoming: Incoming) -> CloudEvent:
    try:
        event = CloudEvent.from_headers(incoming.headers, incoming.body)
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise Unprocessable("decode", f"no CloudEvent: {type(error).__name__} {error}") from error
    if incoming.headers.get("ce-specversion") != "1.0" or not isinstance(event.data, dict):
        raise Unprocessable("version", "no CloudEvent of version 1.0 with an object as its data")
    return event
