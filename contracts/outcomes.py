from typing import Any, ClassVar, Literal
from uuid import UUID

from contracts.message import Model, Query
from contracts.problems import Problem
from contracts.timestamp import Timestamp


class CommandOutcome(Model):
    """What became of a command that its worker has finished with."""

    id: UUID
    type: str
    status: Literal["succeeded", "failed"]
    created_at: Timestamp
    completed_at: Timestamp
    http_status: int
    result: Any = None
    problem: Problem | None = None


class FindCommand(Query[CommandOutcome]):
    """Every worker answers it for its own commands: sent to the query queue of the command's owner."""

    wire_name: ClassVar[str] = "chassis.find_command.v1"

    command_id: UUID
    scope: UUID
