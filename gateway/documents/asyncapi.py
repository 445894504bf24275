"""AsyncAPI 3.0: the events as a subscriber meets them on the broker."""

from typing import Any

from chassis.topology import EVENTS as EXCHANGE
from contracts.message import Event
from gateway.documents.examples import example_of
from gateway.documents.schemas import EVENTS_BY_NAME, Mode, schemas_of

_AT = "#/components/schemas"
_SERIALIZED: Mode = "serialization"
_ATTRIBUTES = {
    "ce-specversion": "1.0",
    "ce-id": "0197d0a0-5c1e-7b3a-9f2d-3b6f2a9c4e10",
    "ce-source": "/taskmesh/task_worker",
    "ce-type": "tasks.task_created.v1",
    "ce-subject": "task/0197d0a0-5c1e-7b3a-9f2d-3b6f2a9c4e10",
    "ce-time": "2026-11-25T12:00:00.000000Z",
    "ce-dataschema": "http://127.0.0.1:8080/schemas/tasks.task_created.v1",
    "ce-sequence": "00000000000000000001",
    "ce-partitionkey": "0197d0a0-5c1e-7b3a-9f2d-3b6f2a9c4e10",
}
_HEADERS = {
    "type": "object",
    "description": "CloudEvents 1.0 in RabbitMQ's form.",
    "required": list(_ATTRIBUTES),
    "properties": {name: {"type": "string", "examples": [example]} for name, example in _ATTRIBUTES.items()}
    | {"traceparent": {"type": "string"}},
}


def asyncapi(*, version: str) -> dict[str, Any]:
    references, definitions = schemas_of(((event, _SERIALIZED) for event in EVENTS_BY_NAME.values()), at=_AT)
    events = EVENTS_BY_NAME.values()
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Taskmesh events",
            "version": version,
            "license": {"name": "MIT"},
            "description": (
                "Every change, told once it is committed, at least once, in order for each aggregate. "
                f"Bind a queue of your own to the topic exchange {EXCHANGE} (durable, no arguments), or read the "
                "stream events.log from any offset. `taskmesh subscribers add` makes the user, the queue and the rights."
            ),
        },
        "defaultContentType": "application/json",
        "servers": {
            "broker": {
                "host": "localhost:5672",
                "pathname": "/taskmesh",
                "protocol": "amqp",
                "protocolVersion": "0.9.1",
            }
        },
        "channels": {event.__name__: _channel(event) for event in events},
        "operations": {f"publish{event.__name__}": _operation(event) for event in events},
        "components": {
            "messages": {
                event.__name__: _message(event, references[event, _SERIALIZED], definitions) for event in events
            },
            "schemas": definitions | {"CloudEventHeaders": _HEADERS},
        },
    }


def _summary(event: type[Event]) -> str:
    return (event.__doc__ or f"{event.resource_type} {event.action}").strip().splitlines()[0]


def _channel(event: type[Event]) -> dict[str, Any]:
    exchange = {"name": EXCHANGE, "type": "topic", "durable": True, "autoDelete": False, "vhost": "taskmesh"}
    return {
        "address": event.wire_name,
        "messages": {event.__name__: {"$ref": f"#/components/messages/{event.__name__}"}},
        "servers": [{"$ref": "#/servers/broker"}],
        "bindings": {"amqp": {"is": "routingKey", "exchange": exchange, "bindingVersion": "0.3.0"}},
    }


def _operation(event: type[Event]) -> dict[str, Any]:
    name = event.__name__
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{name}"},
        "summary": _summary(event),
        "messages": [{"$ref": f"#/channels/{name}/messages/{name}"}],
        "bindings": {"amqp": {"deliveryMode": 2, "mandatory": True, "ack": True, "bindingVersion": "0.3.0"}},
    }


def _message(event: type[Event], reference: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": event.wire_name,
        "title": event.__name__,
        "summary": _summary(event),
        "contentType": "application/json",
        "headers": {"$ref": f"{_AT}/CloudEventHeaders"},
        "payload": reference,
        "examples": [
            {"headers": _ATTRIBUTES | {"ce-type": event.wire_name}, "payload": example_of(reference, definitions)}
        ],
        "bindings": {"amqp": {"contentEncoding": "utf-8", "messageType": event.wire_name, "bindingVersion": "0.3.0"}},
    }
