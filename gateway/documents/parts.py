"""The parts of the OpenAPI document that are the same for every operation."""

from typing import Any

from contracts.problems import ProblemType

INFO = {
    "title": "Taskmesh",
    "license": {"name": "MIT", "identifier": "MIT"},
    "description": (
        "A self-hosted, event-driven task platform. Every GET is a HEAD too. "
        "Every answer says honestly what became of the request: 503 certainly not done, 504 outcome-unknown perhaps. "
        "Errors are RFC 9457 problem documents with stable codes. "
        "Whatever changes is told as a CloudEvents 1.0 event with the same id and the same data on every channel: "
        "AMQP, server-sent events, pull, webhooks."
    ),
}

SECURITY_SCHEMES = {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT or tm_ token"}}

IN_PATHS: dict[str, dict[str, Any]] = {
    "id": {"type": "string", "format": "uuid"},
    "code": {"type": "string", "pattern": "^[a-z-]{1,64}$"},
    "type": {"type": "string", "pattern": "^[a-z0-9_.]{1,100}$"},
}


def _header(description: str, example: str | int, *, whole: bool = False) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "integer" if whole else "string"}, "example": example}


HEADERS = {
    "X-Request-Id": _header("The caller's own, or one of ours.", "0197d0a0-5c1e-7b3a-9f2d-3b6f2a9c4e10"),
    "traceparent": _header("W3C Trace Context.", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    "ETag": _header("The version, in quotes.", '"7"'),
    "Location": _header("Where the new thing is.", "/v1/tasks/0197d0a0-5c1e-7b3a-9f2d-3b6f2a9c4e10"),
    "Link": _header("The next page, RFC 8288.", '</v1/tasks?cursor=abc>; rel="next"'),
    "Idempotency-Replayed": _header("`true` on the answer to a repetition.", "true"),
    "Preference-Applied": _header("RFC 7240.", "return=minimal"),
    "RateLimit-Policy": _header("draft-ietf-httpapi-ratelimit-headers.", '"user";q=1000;w=900'),
    "RateLimit": _header("draft-ietf-httpapi-ratelimit-headers.", '"user";r=998;t=412'),
    "Retry-After": _header("Seconds.", 2, whole=True),
    "WWW-Authenticate": _header("RFC 6750.", 'Bearer realm="taskmesh"'),
}


def _parameter(name: str, description: str, example: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "header",
        "required": False,
        "description": description,
        "schema": {"type": "string"},
        "example": example,
    }


PARAMETERS = {
    each["name"]: each
    for each in (
        _parameter("Idempotency-Key", "A repetition with the same key is answered like the first.", '"8e03978e"'),
        _parameter("Prefer", "respond-async, wait=N, return=minimal.", "wait=10"),
        _parameter("If-Match", "Only if the version is still this one.", '"7"'),
        _parameter("If-None-Match", "Only if the version is no longer this one.", '"7"'),
        _parameter("Last-Event-ID", "Goes on behind this position.", "00000000000000000042"),
        _parameter("X-Request-Id", "Comes back with the answer.", "checkout-17"),
        _parameter("traceparent", "W3C Trace Context.", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    )
}

WEBHOOK_HEADERS = [
    {**_parameter("webhook-id", "The event's id, the same on every attempt.", "0197d0a0-5c1e"), "required": True},
    {**_parameter("webhook-timestamp", "Seconds since the epoch, of this attempt.", "1795608000"), "required": True},
    {
        **_parameter("webhook-signature", "Standard Webhooks 1.0.0; two while a secret is replaced.", "v1,K5oZ…"),
        "required": True,
    },
]

PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457.",
    "required": ["type", "title", "status", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": {
                    "pointer": {"type": "string"},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
        "request_id": {"type": "string"},
        "trace_id": {"type": "string"},
    },
    "additionalProperties": {"type": ["string", "integer"]},
}

ACCEPTED: dict[str, Any] = {
    "schema": {
        "type": "object",
        "required": ["id", "type", "status", "created_at"],
        "properties": {
            "id": {"type": "string", "format": "uuid"},
            "type": {"type": "string"},
            "status": {"const": "pending"},
            "created_at": {"type": "string", "format": "date-time"},
        },
    },
    "example": {
        "id": "0197d0a0-5c1e-7b3a-9f2d-3b6f2a9c4e10",
        "type": "tasks.create_task.v1",
        "status": "pending",
        "created_at": "2026-11-25T12:00:00.000000Z",
    },
}


def response(description: str, *headers: str) -> dict[str, Any]:
    return {
        "description": description,
        "headers": {
            name: {"$ref": f"#/components/headers/{name}"} for name in ("X-Request-Id", "traceparent", *headers)
        },
    }


def problem_example(problem: ProblemType) -> dict[str, Any]:
    return {
        "type": f"http://127.0.0.1:8080/v1/problems/{problem.code}",
        "title": problem.title,
        "status": problem.status,
        "code": problem.code,
        "request_id": "0197d0a0-5c1e-7b3a-9f2d-3b6f2a9c4e10",
    }
