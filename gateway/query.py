"""Query parameters: each at most once, and none that an operation does not know."""

import re
from datetime import UTC, datetime
from typing import Annotated, TypeVar
from uuid import UUID

from aiohttp import web
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from chassis.errors import Refusal
from contracts.problems import INVALID_PARAMETER, UNKNOWN_PARAMETER, FieldError
from contracts.tasks import DueDate
from gateway.operation import Operation
from gateway.state import OPERATION
from gateway.validation import refuse_query

Q = TypeVar("Q", bound="Parameters")

_NUMBER = re.compile(r"0|[1-9]\d{0,8}")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Parameters(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _shaped(pattern: re.Pattern[str], kind: str) -> BeforeValidator:
    """pydantic by itself takes `1_0` for a number, seconds since the epoch for a day, and braces around an id."""

    def check(value: object) -> object:
        if isinstance(value, str) and not pattern.fullmatch(value):
            raise PydanticCustomError("malformed", "must be {kind}", {"kind": kind})
        return value

    return BeforeValidator(check)


def _split(value: object) -> object:
    return tuple(value.split(",")) if isinstance(value, str) else value


def _once(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?Z")

Number = Annotated[int, _shaped(_NUMBER, "a whole number")]
Day = Annotated[DueDate, _shaped(_DAY, "a date, YYYY-MM-DD")]
Id = Annotated[UUID, _shaped(_ID, "an id")]
Instant = Annotated[
    datetime,
    _shaped(_INSTANT, "a date, or a time in UTC such as 2026-01-31T12:00:00Z"),
    Field(ge=datetime(1970, 1, 1, tzinfo=UTC), le=datetime(2200, 12, 31, tzinfo=UTC)),
]
Moment = Annotated[Day | Instant, Field(union_mode="left_to_right")]
Flag = Annotated[bool, _shaped(re.compile("true|false"), "true or false")]
COMMAS = BeforeValidator(_split)
"""Several values with commas between them: any of them."""
ONCE = AfterValidator(_once)


def refuse_parameters(request: web.Request, operation: Operation) -> None:
    if operation.query is None and request.query_string:
        raise Refusal(UNKNOWN_PARAMETER, "this operation takes none")


def read_query(request: web.Request, model: type[Q]) -> Q:
    operation = request[OPERATION]
    if operation.query is not model:
        raise TypeError(f"{operation.name} does not say that it takes {model.__name__}")
    given: dict[str, str] = {}
    for name, value in request.query.items():
        if name in given:
            repeated = FieldError(pointer=f"?{name[:100]}", code="repeated", detail="is there twice")
            raise Refusal(INVALID_PARAMETER, errors=[repeated])
        given[name] = value
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise refuse_query(error) from error
