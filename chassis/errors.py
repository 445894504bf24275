"""Sorted by one question: what should the broker do now?

    TaskmeshError
    ├── Refusal         understood, and the answer is no: reply, ack
    ├── Unavailable     a dependency is away: say so where somebody waits, hold what nobody waits for
    └── Unprocessable   can never be read: park at once, with the reason

Anything else is a defect of ours: a few retries where nobody waits, then parked.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Literal

from contracts.message import Command, Event
from contracts.problems import FieldError, Problem, ProblemType

ParkReason = Literal["decode", "version", "authz", "validation", "transient-exhausted", "unhandled", "bug"]


class TaskmeshError(Exception):
    pass


class Refusal(TaskmeshError):
    """`facts` become members of the problem document.

    `tells` are true although the answer is no, such as that a login failed; what was written is kept with them.
    """

    def __init__(
        self,
        problem: ProblemType,
        detail: str | None = None,
        *,
        errors: Sequence[FieldError] = (),
        facts: Mapping[str, str | int] = MappingProxyType({}),
        tells: Sequence[Event | Command[None]] = (),
    ) -> None:
        self.problem = Problem(type=problem, detail=detail, errors=tuple(errors), facts=dict(facts))
        self.tells = tells
        super().__init__(f"{problem.code}: {detail or problem.title}")


class Unavailable(TaskmeshError):
    """`problem` says who is away. Raised only when nothing has been done."""

    def __init__(self, problem: ProblemType, detail: str | None = None) -> None:
        self.problem = problem
        super().__init__(f"{problem.code}: {detail or problem.title}")


class Unprocessable(TaskmeshError):
    def __init__(self, reason: ParkReason, detail: str) -> None:
        self.reason = reason
        super().__init__(detail)
