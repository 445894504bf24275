"""Who asks."""

from uuid import UUID

from aiohttp import web

from contracts.message import Actor
from gateway.command_ids import NOBODY
from gateway.state import CALLER

_MAX_USER_AGENT = 200  # characters


def user(request: web.Request) -> Actor:
    """Where the operation is for users alone."""
    caller = request[CALLER]
    if caller is None:
        raise TypeError("an operation that is open to anybody asks who is logged in")
    return caller.actor


def credential(request: web.Request) -> UUID | None:
    caller = request[CALLER]
    return caller.credential if caller else None


def user_agent(request: web.Request) -> str | None:
    """As its sender wrote it, but for what no database could hold."""
    return request.headers.get("User-Agent", "").encode("ascii", "replace").decode()[:_MAX_USER_AGENT] or None


def principal(request: web.Request) -> UUID:
    """Whose commands, cursors and keys these are: callers without an account share one."""
    caller = request[CALLER]
    return caller.actor.id if caller else NOBODY
