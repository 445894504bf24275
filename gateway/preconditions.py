"""Entity tags: a resource's version in quotes."""

import re

from aiohttp import web

from chassis.errors import Refusal
from contracts.problems import PRECONDITION_REQUIRED
from gateway.state import SETTINGS

_TAG = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
_VERSION = re.compile(r"[1-9]\d{0,17}")


def etag(version: int) -> str:
    return f'"{version}"'


def if_match(request: web.Request) -> tuple[int, ...] | None:
    return read_if_match(request, required=request.app[SETTINGS].require_if_match)


def read_if_match(request: web.Request, *, required: bool) -> tuple[int, ...] | None:
    """None: no condition beyond that the resource exists. Empty: no version of it can match.

    Tags are compared strongly, so that a weak one never matches, and neither does one that is not ours.
    """
    found = request.headers.getall("If-Match", [])
    if not found:
        if required:
            raise Refusal(PRECONDITION_REQUIRED)
        return None
    value = ",".join(found).strip(" \t")
    if value == "*":
        return None
    tags = [_TAG.fullmatch(element.strip(" \t")) for element in value.split(",")]
    return tuple(int(tag[2]) for tag in tags if tag and not tag[1] and _VERSION.fullmatch(tag[2]))


def matches_if_none_match(request: web.Request, current: str) -> bool:
    """`current` is the entity tag in its quotes. Compared weakly, as RFC 9110 has it."""
    value = ",".join(request.headers.getall("If-None-Match", [])).strip(" \t")
    if value == "*":
        return True
    tags = (_TAG.fullmatch(element.strip(" \t")) for element in value.split(","))
    return any(tag is not None and f'"{tag[2]}"' == current for tag in tags)
