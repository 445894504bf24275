"""RFC 9457: how a no reads over HTTP."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import orjson
from aiohttp import web
from yarl import URL

from chassis.errors import Refusal, Unavailable
from chassis.requests import OutcomeUnknown
from contracts.problems import (
    IDEMPOTENCY_IN_PROGRESS,
    INSUFFICIENT_SCOPE,
    INTERNAL,
    INVALID_TOKEN,
    MALFORMED_REQUEST,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    OUTCOME_UNKNOWN,
    PAYLOAD_TOO_LARGE,
    TOKEN_EXPIRED,
    Problem,
    ProblemType,
)

CONTENT_TYPE = "application/problem+json"

_OF_AIOHTTP = {
    404: NOT_FOUND,
    405: METHOD_NOT_ALLOWED,
    413: PAYLOAD_TOO_LARGE,
    417: MALFORMED_REQUEST,
}


@dataclass(frozen=True, slots=True)
class Told:
    problem: Problem
    headers: Mapping[str, str] = field(default_factory=dict)


def tell(error: Exception) -> Told | None:
    """None for what is a defect of ours."""
    match error:
        case Refusal():
            return Told(error.problem, _headers(error.problem))
        case Unavailable():
            return unavailable(error.problem)
        case OutcomeUnknown():
            facts: dict[str, str | int] = {"command_id": str(error.command_id)}
            return Told(Problem(type=OUTCOME_UNKNOWN, facts=facts), {"Location": f"/v1/commands/{error.command_id}"})
        case web.HTTPException() if error.status in _OF_AIOHTTP:
            allow = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
            return Told(Problem(type=_OF_AIOHTTP[error.status]), allow)
        case _:
            return None


def defect() -> Told:
    return Told(Problem(type=INTERNAL))


def unavailable(problem_type: ProblemType) -> Told:
    problem = Problem(type=problem_type)
    return Told(problem, _headers(problem))


def _headers(problem: Problem) -> dict[str, str]:
    headers: dict[str, str] = {}
    seconds = problem.facts.get("retry_after", retry_after(problem.type))
    if seconds is not None:
        headers["Retry-After"] = str(seconds)
    if challenge := _challenge(problem.type):
        headers["WWW-Authenticate"] = challenge
    return headers


def retry_after(problem: ProblemType) -> int | None:
    """Seconds."""
    if problem.status == HTTPStatus.SERVICE_UNAVAILABLE:
        # Spread out, so that those who were refused together do not return together.
        return random.randint(1, 3)  # noqa: S311
    return 1 if problem == IDEMPOTENCY_IN_PROGRESS else None


def _challenge(problem: ProblemType) -> str | None:
    """RFC 6750."""
    if problem.status not in (401, 403):
        return None
    if problem in (INVALID_TOKEN, TOKEN_EXPIRED):
        return f'Bearer realm="taskmesh", error="invalid_token", error_description="{problem.title}"'
    if problem == INSUFFICIENT_SCOPE:
        return 'Bearer realm="taskmesh", error="insufficient_scope"'
    return 'Bearer realm="taskmesh"' if problem.status == 401 else None


def instance_of(url: URL) -> str:
    """What is no text in it is shown by its numbers."""
    return url.raw_path.encode(errors="backslashreplace").decode()


def document(
    problem: Problem,
    *,
    public_url: str,
    instance: str | None = None,
    request_id: str | None = None,
    trace_id: str | None = None,
) -> dict[str, Any]:
    members: dict[str, Any] = {
        "type": f"{public_url.rstrip('/')}/v1/problems/{problem.type.code}",
        "title": problem.type.title,
        "status": problem.type.status,
        "code": problem.type.code,
        "detail": problem.detail,
        "instance": instance,
        "errors": [error.model_dump() for error in problem.errors] or None,
        "request_id": request_id,
        "trace_id": trace_id,
    }
    facts = {name: value for name, value in problem.facts.items() if name != "retry_after" and name not in members}
    return {name: value for name, value in members.items() if value is not None} | facts


class _Unsigned(web.Response):
    """Without the Server header, which aiohttp adds where no signal of an application can take it away."""

    async def _prepare_headers(self) -> None:
        await super()._prepare_headers()
        self.headers.popall("Server", None)


def respond(told: Told, members: Mapping[str, Any]) -> web.Response:
    return _Unsigned(
        body=orjson.dumps(members),
        status=told.problem.type.status,
        headers={**told.headers, "Content-Type": CONTENT_TYPE},
    )
