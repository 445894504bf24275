"""What one route takes and gives, as data: it is served from this, and documented from it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from aiohttp import web
from pydantic import BaseModel

from contracts import problems
from contracts.message import Command, Query
from contracts.problems import ProblemType
from gateway.rate_limits import Policy

Handle = Callable[[web.Request], Awaitable[web.Response]]
Body = type[BaseModel]

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"


class Access(Enum):
    ANYONE = "a token is not looked at"
    CALLER = "a token is optional, and must be valid where there is one"
    USER = "a token is needed"


@dataclass(frozen=True, slots=True)
class Operation:
    method: str
    path: str
    handle: Handle
    summary: str
    tag: str
    access: Access = Access.USER
    scope: str | None = None
    """What the token must allow."""
    body: Body | None = None
    takes: tuple[str, ...] = (JSON,)
    """Media types of the body."""
    query: Body | None = None
    asks: type[Command[Any]] | type[Query[Any]] | None = None
    success: int = 200
    reply: Any = None
    gives: str = JSON
    location: bool = False
    """Whether the answer says where the new thing is."""
    versioned: bool = False
    """Whether the answer has an ETag."""
    conditional: bool = False
    """Whether it is a change that If-Match may guard."""
    repeatable: bool = True
    """Whether a change honours Idempotency-Key and Prefer: respond-async."""
    limits: tuple[Policy, ...] = ()
    problems: tuple[ProblemType, ...] = ()
    """What can go wrong here in particular; `every_problem` adds what follows from the rest."""

    @property
    def name(self) -> str:
        return self.handle.__name__

    @property
    def sends_command(self) -> bool:
        return self.asks is not None and issubclass(self.asks, Command)

    @property
    def takes_idempotency_key(self) -> bool:
        return self.sends_command and self.repeatable

    @property
    def every_problem(self) -> tuple[ProblemType, ...]:
        found = [*self.problems, *_OF_EVERYTHING]
        if self.access is not Access.ANYONE:
            found += [problems.UNAUTHENTICATED, problems.INVALID_TOKEN, problems.TOKEN_EXPIRED]
            found += [problems.BROKER_UNAVAILABLE, problems.SERVICE_UNAVAILABLE]
        if self.scope is not None:
            found.append(problems.INSUFFICIENT_SCOPE)
        if self.limits:
            found.append(problems.RATE_LIMITED)
        if any(policy.guards_credentials for policy in self.limits):
            found.append(problems.SERVICE_UNAVAILABLE)
        if self.body is not None:
            found += _OF_A_BODY
        if self.query is not None:
            found.append(problems.INVALID_PARAMETER)
        if self.conditional:
            found += [problems.PRECONDITION_FAILED, problems.PRECONDITION_REQUIRED]
        if self.asks is not None:
            found += _OF_A_MESSAGE
        if self.sends_command:
            found.append(problems.OUTCOME_UNKNOWN)
        if self.takes_idempotency_key:
            found += _OF_A_KEY
        return tuple(sorted({problem.code: problem for problem in found}.values(), key=lambda p: (p.status, p.code)))


_OF_EVERYTHING = (
    problems.UNKNOWN_PARAMETER,
    problems.NOT_ACCEPTABLE,
    problems.UNSUPPORTED_MEDIA_TYPE,
    problems.INTERNAL,
)
_OF_A_BODY = (
    problems.MALFORMED_REQUEST,
    problems.MALFORMED_JSON,
    problems.REQUEST_TIMEOUT,
    problems.PAYLOAD_TOO_LARGE,
    problems.VALIDATION_FAILED,
    problems.UNKNOWN_FIELD,
)
_OF_A_MESSAGE = (
    problems.RATE_LIMITED,
    problems.BROKER_UNAVAILABLE,
    problems.DATABASE_UNAVAILABLE,
    problems.OVERLOADED,
    problems.SERVICE_UNAVAILABLE,
    problems.DEADLINE_EXCEEDED,
)
_OF_A_KEY = (
    problems.INVALID_IDEMPOTENCY_KEY,
    problems.IDEMPOTENCY_IN_PROGRESS,
    problems.IDEMPOTENCY_KEY_REUSED,
)
