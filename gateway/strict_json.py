"""JSON without its ambiguities: what two parsers could read differently, or no database could store, is refused."""

import json
import math
import re
from typing import Any, NoReturn

from chassis.errors import Refusal
from contracts.problems import MALFORMED_JSON

_MAX_DEPTH = 32
_INT64_DIGITS = 20  # with a sign
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKET = re.compile(r"[\[\]{}]")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def _malformed(detail: str) -> Refusal:
    return Refusal(MALFORMED_JSON, detail)


def _refuse_deep(text: str) -> None:
    """Before parsing, because the parser recurses."""
    if text.count("[") + text.count("{") <= _MAX_DEPTH:
        return
    depth = 0
    for bracket in _BRACKET.finditer(_STRING.sub("", text)):
        depth += 1 if bracket[0] in "[{" else -1
        if depth > _MAX_DEPTH:
            raise _malformed(f"nested deeper than {_MAX_DEPTH} levels")


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(members)
    if len(result) != len(members):
        raise _malformed("a member is there twice")
    return result


def _integer(digits: str) -> int:
    if len(digits) <= _INT64_DIGITS and -(2**63) <= (number := int(digits)) < 2**63:
        return number
    raise _malformed("an integer does not fit into 64 bits")


def _fraction(digits: str) -> float:
    if math.isinf(number := float(digits)):
        raise _malformed("a number is too large")
    return number


def _constant(_: str) -> NoReturn:
    raise _malformed("NaN and Infinity are not JSON")


def _refuse_unstorable(value: Any) -> None:
    match value:
        case str():
            if _UNSTORABLE.search(value):
                raise _malformed("NUL or half of a surrogate pair in a string")
        case list():
            for item in value:
                _refuse_unstorable(item)
        case dict():
            for name, item in value.items():
                _refuse_unstorable(name)
                _refuse_unstorable(item)


def parse(body: bytes) -> Any:
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise _malformed("not UTF-8") from error
    if text.startswith("\ufeff"):
        raise _malformed("a byte order mark")
    _refuse_deep(text)
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_fraction,
            parse_constant=_constant,
        )
    except json.JSONDecodeError as error:
        raise _malformed(f"not JSON from line {error.lineno}, column {error.colno}") from error
    if "\\u" in text:
        _refuse_unstorable(value)
    return value
