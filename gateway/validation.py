"""What pydantic finds wrong, told in a way that never repeats what was sent."""

from collections.abc import Iterable

from pydantic import ValidationError
from pydantic_core import ErrorDetails, list_all_errors

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

# Their texts are filled in with a parser's message or with a tag, either of which may hold input.
_ECHOING = frozenset(
    kind["type"]
    for kind in list_all_errors()
    if "{error}" in kind["message_template_python"] or "{tag}" in kind["message_template_python"]
)


def _detail(error: ErrorDetails) -> str:
    return "is not what it must be" if error["type"] in _ECHOING else error["msg"]


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
