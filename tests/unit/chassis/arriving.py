"""Messages as a consumer gets them, without a broker."""

from datetime import UTC, datetime
from typing import Any, cast

from chassis.amqp.channel import Channel
from chassis.amqp.properties import Properties
from chassis.broker import Incoming

MESSAGE_ID = "01990000-0000-7000-8000-000000000001"
SENT_AT = datetime(2026, 11, 25, 12, tzinfo=UTC)


def arrive(body: bytes = b"{}", **properties: Any) -> Incoming:
    """A readable message, but for what `properties` say."""
    readable = {
        "content_type": "application/json",
        "message_id": MESSAGE_ID,
        "message_type": "tasks.create_task.v1",
        "timestamp": SENT_AT,
        "user_id": "gateway",
    }
    no_channel = cast(Channel, None)
    return Incoming(
        "tasks.commands", body, Properties(**{**readable, **properties}), 1, redelivered=False, channel=no_channel
    )
