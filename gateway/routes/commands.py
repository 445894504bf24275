from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

import orjson
from aiohttp import web
from pydantic import BaseModel, Field

from chassis.errors import Refusal
from contracts.outcomes import CommandOutcome, FindCommand
from contracts.problems import NOT_FOUND
from gateway import problem_documents
from gateway.command_ids import Issued
from gateway.command_status import find_outcome, may_still_happen
from gateway.operation import Access, Operation
from gateway.query import Number, Parameters, read_query
from gateway.rate_limits import OTHERWISE
from gateway.state import COMMAND_IDS, REQUEST_ID, SETTINGS
from gateway.visitor import principal


class Waiting(Parameters):
    wait: Annotated[Number, Field(le=30, description="Seconds to wait for the command to be finished.")] = 0


class CommandStatus(BaseModel):
    id: UUID
    type: str
    status: Literal["pending", "succeeded", "failed", "expired"]
    created_at: datetime
    completed_at: datetime | None = None
    http_status: int | None = None
    result: Any = None
    problem: dict[str, Any] | None = None


async def show_command(request: web.Request) -> web.Response:
    """A command of nobody who is logged in is shown to whoever holds its id: 74 bits of it cannot be guessed."""
    command_id, scope = UUID(request.match_info["command_id"]), principal(request)
    issued = request.app[COMMAND_IDS].recognise(command_id, scope)
    if issued is None:
        raise Refusal(NOT_FOUND)
    wait = timedelta(seconds=read_query(request, Waiting).wait)
    outcome = await find_outcome(request, command_id, issued, scope=scope, wait=wait)
    status = _finished(request, outcome, issued) if outcome else _unfinished(command_id, issued)
    headers = {"Retry-After": "1"} if status.status == "pending" else {}
    body = orjson.dumps(status.model_dump(mode="json", exclude_none=True))
    return web.Response(body=body, headers=headers, content_type="application/json")


def _finished(request: web.Request, outcome: CommandOutcome, issued: Issued) -> CommandStatus:
    problem = outcome.problem and problem_documents.document(
        outcome.problem,
        public_url=request.app[SETTINGS].public_url,
        instance=request.path,
        request_id=request[REQUEST_ID],
    )
    return CommandStatus(
        id=outcome.id,
        type=outcome.type,
        status=outcome.status,
        created_at=issued.at,
        completed_at=outcome.completed_at,
        http_status=outcome.http_status,
        result=outcome.result,
        problem=problem,
    )


def _unfinished(command_id: UUID, issued: Issued) -> CommandStatus:
    return CommandStatus(
        id=command_id,
        type=issued.command.wire_name,
        status="pending" if may_still_happen(issued, now=datetime.now(UTC)) else "expired",
        created_at=issued.at,
    )


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/commands/{command_id}",
        handle=show_command,
        summary="Show what became of a command",
        tag="commands",
        access=Access.CALLER,
        query=Waiting,
        asks=FindCommand,
        reply=CommandStatus,
        limits=(OTHERWISE,),
        problems=(NOT_FOUND,),
    ),
)
