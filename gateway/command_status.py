"""What has become of a command, as far as its worker can tell."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import uuid_utils.compat as uuid
from aiohttp import web

from chassis.envelope import MAX_BUDGET
from chassis.errors import Refusal
from chassis.requests import Sender
from contracts.outcomes import CommandOutcome, FindCommand
from contracts.problems import NOT_FOUND
from gateway.command_ids import Issued
from gateway.state import CALLER, HEALTH, REQUESTS, SETTINGS

_KEPT = timedelta(hours=72)
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 1.0  # seconds


def may_still_happen(issued: Issued, *, now: datetime) -> bool:
    """A command that somebody waits for is never started after its deadline."""
    return now - issued.at < (_KEPT if issued.asynchronous else MAX_BUDGET)


async def find_outcome(
    request: web.Request, command_id: UUID, issued: Issued, *, scope: UUID, wait: timedelta
) -> CommandOutcome | None:
    loop, pause = asyncio.get_running_loop(), _FIRST_PAUSE
    until = loop.time() + wait.total_seconds()
    while True:
        outcome = await _ask(request, command_id, issued, scope)
        remaining = until - loop.time()
        over = remaining <= 0 or request.app[HEALTH].stopping or not may_still_happen(issued, now=datetime.now(UTC))
        if outcome is not None or over:
            return outcome
        await asyncio.sleep(min(pause, remaining))
        pause = min(pause * 1.5, _LONGEST_PAUSE)


async def _ask(request: web.Request, command_id: UUID, issued: Issued, scope: UUID) -> CommandOutcome | None:
    caller = request[CALLER]
    sender = Sender(
        message_id=uuid.uuid7(),
        actor=caller.actor if caller else None,
        budget=request.app[SETTINGS].request_timeout,
    )
    queue = f"{issued.command.queue.split('.')[0]}.queries"
    try:
        replied = await request.app[REQUESTS].ask(FindCommand(command_id=command_id, scope=scope), sender, queue=queue)
    except Refusal as refusal:
        if refusal.problem.type == NOT_FOUND:
            return None
        raise
    return replied.value
