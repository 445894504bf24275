import asyncio
from typing import TypeVar

from aiohttp import web
from aiohttp.web_protocol import RequestPayloadError
from pydantic import BaseModel, ValidationError

from chassis.errors import Refusal
from contracts.problems import EMPTY_PATCH, MALFORMED_REQUEST, PAYLOAD_TOO_LARGE, REQUEST_TIMEOUT
from gateway import strict_json
from gateway.media_types import require_content_type
from gateway.operation import MERGE_PATCH
from gateway.state import OPERATION, PARSED_BODY, SETTINGS
from gateway.validation import refuse_body

M = TypeVar("M", bound=BaseModel)

MAX_BODY = 64 * 1024  # bytes


async def read_body(request: web.Request, model: type[M]) -> M:
    operation = request[OPERATION]
    if operation.body is not model:
        raise TypeError(f"{operation.name} does not say that it takes {model.__name__}")
    require_content_type(request, operation.takes)
    body = await _read(request)
    parsed = strict_json.parse(body)
    if parsed == {} and MERGE_PATCH in operation.takes:
        raise Refusal(EMPTY_PATCH)
    request[PARSED_BODY] = parsed
    try:
        return model.model_validate_json(body, strict=True, extra="forbid")
    except ValidationError as error:
        raise refuse_body(error) from error


async def _read(request: web.Request) -> bytes:
    if (request.content_length or 0) > MAX_BODY:
        raise Refusal(PAYLOAD_TOO_LARGE)
    if request.content.is_eof():
        return await request.read()
    try:
        async with asyncio.timeout(request.app[SETTINGS].body_timeout.total_seconds()):
            return await request.read()
    except TimeoutError as error:
        raise Refusal(REQUEST_TIMEOUT) from error
    except RequestPayloadError as error:
        raise Refusal(MALFORMED_REQUEST) from error
