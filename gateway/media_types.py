import re
from collections.abc import Collection
from functools import lru_cache

from aiohttp import web

from chassis.errors import Refusal
from contracts.problems import NOT_ACCEPTABLE, UNSUPPORTED_MEDIA_TYPE

_CONTENT_TYPE = re.compile(r'([a-z0-9.+-]+/[a-z0-9.+-]+)[ \t]*(?:;[ \t]*charset="?utf-8"?[ \t]*)?', re.IGNORECASE)
_WEIGHT = re.compile(r"q[ \t]*=[ \t]*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)", re.IGNORECASE)


def require_content_type(request: web.Request, takes: Collection[str]) -> None:
    found = request.headers.getall("Content-Type", [])
    match = _CONTENT_TYPE.fullmatch(found[0]) if len(found) == 1 else None
    if match is None or match[1].lower() not in takes:
        raise Refusal(UNSUPPORTED_MEDIA_TYPE, f"the Content-Type must be {' or '.join(takes)}, in UTF-8")


def refuse_content_encoding(request: web.Request) -> None:
    if "Content-Encoding" in request.headers:
        raise Refusal(UNSUPPORTED_MEDIA_TYPE, "a Content-Encoding is not taken")


@lru_cache(maxsize=256)
def accepts(accept: str, media_type: str) -> bool:
    """The most specific range decides, as RFC 9110 has it; what cannot be read is passed over."""
    whole, part = media_type, f"{media_type.split('/', maxsplit=1)[0]}/*"
    weights: dict[str, float] = {}
    for element in accept.lower().split(","):
        media_range, *parameters = (piece.strip() for piece in element.split(";"))
        matches = [match for parameter in parameters if (match := _WEIGHT.fullmatch(parameter))]
        weights[media_range] = float(matches[0][1]) if matches else 1.0
    for media_range in (whole, part, "*/*"):
        if media_range in weights:
            return weights[media_range] > 0
    return not any(weights)


def require_acceptable(request: web.Request, gives: str) -> None:
    accept = request.headers.get("Accept")
    if gives != "*/*" and accept is not None and not (accepts(accept, gives) or accepts(accept, "application/json")):
        raise Refusal(NOT_ACCEPTABLE, f"the answer is {gives}")
