"""What stands in a path. That its shape is right, the router has seen to."""

from uuid import UUID

from aiohttp import web
from pydantic import TypeAdapter, ValidationError

from chassis.errors import Refusal
from contracts.problems import NOT_FOUND
from contracts.tasks import Tag

_TAG: TypeAdapter[str] = TypeAdapter(Tag)


def task_id(request: web.Request) -> UUID:
    return UUID(request.match_info["task_id"])


def username(request: web.Request) -> str:
    return request.match_info["username"]


def read_tag(request: web.Request) -> str:
    """What cannot be a tag is one that no task has."""
    try:
        return _TAG.validate_python(request.match_info["tag"])
    except ValidationError as error:
        raise Refusal(NOT_FOUND) from error
