"""What pydantic finds wrong, told in a way that never repeats what was sent."""

from collections.abc import Iterable
from typing import get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from pydantic_core.core_schema import ErrorType

from chassis.errors import Refusal
from contracts.problems import (
    INVALID_PARAMETER,
    UNKNOWN_FIELD,
    UNKNOWN_PARAMETER,
    VALIDATION_FAILED,
    FieldError,
)

_MAX_ERRORS = 50
_MAX_POINTER = 200  # characters

_OF_PYDANTIC: frozenset[str] = frozenset(get_args(ErrorType))
_PLAIN = frozenset(
    {
        "missing",
        "extra_forbidden",
        "string_too_short",
        "string_too_long",
        "string_pattern_mismatch",
        "too_short",
        "too_long",
        "greater_than",
        "greater_than_equal",
        "less_than",
        "less_than_equal",
        "literal_error",
        "enum",
    }
)
"""Told from the schema alone. Others of pydantic's texts may hold a parser's message, and so a piece of the input."""


def _detail(error: ErrorDetails) -> str:
    kind = error["type"]
    told = kind in _PLAIN or kind.endswith("_type") or kind not in _OF_PYDANTIC
    return error["msg"] if told else "is not what it must be"


def _pointer(location: Iterable[int | str]) -> str:
    steps = (str(step).replace("~", "~0").replace("/", "~1") for step in location)
    return "".join(["#", *(f"/{step}" for step in steps)])[:_MAX_POINTER]


def _errors(error: ValidationError) -> list[ErrorDetails]:
    return error.errors(include_url=False, include_input=False)[:_MAX_ERRORS]


def refuse_body(error: ValidationError) -> Refusal:
    errors = _errors(error)
    fields = [FieldError(pointer=_pointer(e["loc"]), code=e["type"], detail=_detail(e)) for e in errors]
    known = [field for field, e in zip(fields, errors, strict=True) if e["type"] != "extra_forbidden"]
    if not known:
        return Refusal(UNKNOWN_FIELD, errors=fields)
    first = known[0]
    return Refusal(VALIDATION_FAILED, f"{first.pointer[2:] or 'body'}: {first.detail}", errors=fields)


def refuse_query(error: ValidationError) -> Refusal:
    errors = _errors(error)
    fields = [
        FieldError(pointer=f"?{e['loc'][0] if e['loc'] else ''}"[:_MAX_POINTER], code=e["type"], detail=_detail(e))
        for e in errors
    ]
    unknown = [field for field, e in zip(fields, errors, strict=True) if e["type"] == "extra_forbidden"]
    return Refusal(UNKNOWN_PARAMETER if unknown else INVALID_PARAMETER, errors=unknown or fields)
