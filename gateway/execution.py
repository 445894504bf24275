"""From a command or a query to the answer over HTTP."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeVar

import orjson
import uuid_utils.compat as uuid
from aiohttp import web
from pydantic import BaseModel

from chassis.errors import Refusal
from chassis.requests import Idempotency, OutcomeUnknown, Replied, Sender
from contracts.message import Command, Model, Query
from contracts.problems import DEADLINE_EXCEEDED
from gateway.idempotency import read_key
from gateway.preconditions import etag, matches_if_none_match
from gateway.prefer import Preferences, read_preferences
from gateway.state import CALLER, COMMAND_IDS, FINGERPRINTS, OPERATION, PARSED_BODY, REQUESTS, SETTINGS
from gateway.visitor import principal

R = TypeVar("R")


class _Versioned(Model):
    """What is read of whatever is shown."""

    version: int | None = None


Location = Callable[[Any], str]
"""From the reply and not from the command: a repetition is answered with what the first request made."""


async def ask(request: web.Request, query: Query[R]) -> R:
    return (await _ask(request, query)).value


async def fetch(request: web.Request, query: Query[Any]) -> bytes:
    """The answer as it was written, for those who only pass it on."""
    return (await _ask(request, query)).body


async def _ask(request: web.Request, query: Query[R]) -> Replied[R]:
    caller, preferences = request[CALLER], _preferences(request)
    sender = Sender(
        message_id=uuid.uuid7(),
        actor=caller.actor if caller else None,
        budget=preferences.wait or request.app[SETTINGS].request_timeout,
    )
    return await request.app[REQUESTS].ask(query, sender)


async def execute(
    request: web.Request,
    command: Command[Any],
    *,
    location: Location | None = None,
    reveal: Callable[[Any], BaseModel] | None = None,
) -> web.Response:
    """`reveal` adds to the reply what only its first reader may see, so that it cannot be fetched later."""
    operation, caller, preferences = request[OPERATION], request[CALLER], _preferences(request)
    # A secret is in nobody's inbox, so that asking for it later would find nothing.
    secret = command.reply_is_secret or reveal is not None
    asynchronous = preferences.respond_async and operation.repeatable and not secret
    sender = Sender(
        message_id=request.app[COMMAND_IDS].issue(type(command), principal(request), asynchronous=asynchronous),
        actor=caller.actor if caller else None,
        budget=preferences.wait or request.app[SETTINGS].request_timeout,
        idempotency=_idempotency(request) if operation.takes_idempotency_key else None,
    )
    if asynchronous:
        await request.app[REQUESTS].send(command, sender)
        return _accepted(command, sender)
    replied = await request.app[REQUESTS].ask(command, sender)
    if reveal is not None:
        revealed = reveal(replied.value)
        replied = replace(replied, reply_type=type(revealed), body=revealed.model_dump_json().encode())
    return _done(replied, preferences, location)


async def prepare(request: web.Request, command: Command[None]) -> None:
    """What must be done before the request itself can be: not knowing whether it was is a plain no."""
    caller = request[CALLER]
    sender = Sender(
        message_id=request.app[COMMAND_IDS].issue(type(command), principal(request), asynchronous=False),
        actor=caller.actor if caller else None,
        budget=request.app[SETTINGS].request_timeout,
    )
    try:
        await request.app[REQUESTS].ask(command, sender)
    except OutcomeUnknown as error:
        raise Refusal(DEADLINE_EXCEEDED) from error


async def dispatch(request: web.Request, command: Command[Any]) -> None:
    """Returns when the broker has the command: whoever asked learns nothing of what comes of it."""
    caller = request[CALLER]
    sender = Sender(
        message_id=request.app[COMMAND_IDS].issue(type(command), principal(request), asynchronous=True),
        actor=caller.actor if caller else None,
        budget=request.app[SETTINGS].request_timeout,
    )
    await request.app[REQUESTS].send(command, sender)


def show(request: web.Request, body: bytes) -> web.Response:
    return _unless_known(request, body, _version_headers(body))


def show_by_content(request: web.Request, body: bytes) -> web.Response:
    """For what has no version: its entity tag is made of what it says."""
    return _unless_known(request, body, {"ETag": f'"{hashlib.sha256(body).hexdigest()[:32]}"'})


def _unless_known(request: web.Request, body: bytes, headers: dict[str, str]) -> web.Response:
    if "ETag" in headers and matches_if_none_match(request, headers["ETag"]):
        return web.Response(status=304, headers=headers)
    return web.Response(body=body, headers=headers, content_type="application/json")


def _preferences(request: web.Request) -> Preferences:
    return read_preferences(request.headers.getall("Prefer", []))


def _idempotency(request: web.Request) -> Idempotency | None:
    key = read_key(request)
    if key is None:
        return None
    fingerprint = request.app[FINGERPRINTS].of(
        request.method, request.path, list(request.query.items()), request.get(PARSED_BODY)
    )
    return Idempotency(key, fingerprint)


def _version_headers(body: bytes) -> dict[str, str]:
    version = _Versioned.model_validate_json(body).version
    return {} if version is None else {"ETag": etag(version)}


def _accepted(command: Command[Any], sender: Sender) -> web.Response:
    body = {
        "id": str(sender.message_id),
        "type": command.wire_name,
        "status": "pending",
        "created_at": datetime.now(UTC),
    }
    headers = {"Location": f"/v1/commands/{sender.message_id}", "Preference-Applied": "respond-async"}
    return web.Response(
        body=orjson.dumps(body, option=orjson.OPT_UTC_Z), status=202, headers=headers, content_type="application/json"
    )


def _done(replied: Replied[Any], preferences: Preferences, location: Location | None) -> web.Response:
    headers, applied = {}, []
    if replied.replayed:
        headers["Idempotency-Replayed"] = "true"
    if preferences.wait is not None:
        applied.append(f"wait={preferences.wait.seconds}")
    if replied.reply_type is None:
        status, body = replied.status, None
    else:
        headers.update(_version_headers(replied.body))
        if location is not None:
            headers["Location"] = location(replied.value)
        status, body = replied.status, replied.body
        if preferences.minimal:
            applied.append("return=minimal")
            status, body = 201 if status == 201 else 204, None
    if applied:
        headers["Preference-Applied"] = ", ".join(applied)
    if body is None:
        return web.Response(status=status, headers=headers)
    return web.Response(body=body, status=status, headers=headers, content_type="application/json")
