"""What one route takes and gives, as data: it is served from this, and documented from it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any

from aiohttp import web
from pydantic import BaseModel

from contracts import problems
from contracts.message import Command, Query
from contracts.problems import ProblemType
from gateway.rate_limits import Policy

Handle = Callable[[web.Request], Awaitable[web.StreamResponse]]
Body = type[BaseModel]

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
MULTIPART = "multipart/form-data"
ANYTHING = "*/*"


class Access(Enum):
    ANYONE = "a token is not looked at"
    CALLER = "a token is optional, and must be valid where there is one"
    USER = "a token is needed"


@dataclass(frozen=True)
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
    """The type of the answer's body; of one item where it is a list."""
    paged: bool = False
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
    def queue(self) -> str | None:
        """Of the command that it sends."""
        return self.asks.queue if self.asks is not None and self.sends_command else None

    @property
    def takes_idempotency_key(self) -> bool:
        return self.sends_command and self.repeatable

    @cached_property
    def every_problem(self) -> tuple[ProblemType, ...]:
        applies = {
            _OF_EVERYTHING: True,
            _OF_A_TOKEN: self.access is not Access.ANYONE,
            (problems.INSUFFICIENT_SCOPE,): self.scope is not None,
            # Whoever sends forged tokens is limited everywhere.
            (problems.RATE_LIMITED,): bool(self.limits) or self.access is not Access.ANYONE,
            (problems.SERVICE_UNAVAILABLE,): any(policy.guards_credentials for policy in self.limits),
            _OF_A_BODY: self.body is not None,
            (problems.INVALID_PARAMETER,): self.query is not None,
            _OF_AN_UPLOAD: self.takes == (MULTIPART,),
            _OF_A_CONDITION: self.conditional,
            _OF_A_MESSAGE: self.asks is not None,
            (problems.OUTCOME_UNKNOWN,): self.sends_command,
            _OF_A_KEY: self.takes_idempotency_key,
        }
        found = {*self.problems}.union(*(some for some, does in applies.items() if does))
        return tuple(sorted(found, key=lambda problem: (problem.status, problem.code)))

    @cached_property
    def codes(self) -> frozenset[str]:
        return frozenset(problem.code for problem in self.every_problem)


_OF_EVERYTHING = (
    # Before there is a route, where as many wait as may.
    problems.OVERLOADED,
    # The parser's, before there is a route.
    problems.MALFORMED_REQUEST,
    problems.URI_TOO_LONG,
    problems.HEADERS_TOO_LARGE,
    problems.UNKNOWN_PARAMETER,
    problems.NOT_ACCEPTABLE,
    problems.UNSUPPORTED_MEDIA_TYPE,
    problems.INTERNAL,
)
_OF_A_TOKEN = (
    problems.UNAUTHENTICATED,
    problems.INVALID_TOKEN,
    problems.TOKEN_EXPIRED,
    # An API token is asked about.
    problems.BROKER_UNAVAILABLE,
    problems.DATABASE_UNAVAILABLE,
    problems.OVERLOADED,
    problems.SERVICE_UNAVAILABLE,
    problems.DEADLINE_EXCEEDED,
)
_OF_A_CONDITION = (
    problems.PRECONDITION_FAILED,
    problems.PRECONDITION_REQUIRED,
)
_OF_A_BODY = (
    problems.MALFORMED_JSON,
    problems.REQUEST_TIMEOUT,
    problems.PAYLOAD_TOO_LARGE,
    problems.VALIDATION_FAILED,
    problems.UNKNOWN_FIELD,
)
_OF_AN_UPLOAD = (
    problems.REQUEST_TIMEOUT,
    problems.PAYLOAD_TOO_LARGE,
    problems.VALIDATION_FAILED,
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
