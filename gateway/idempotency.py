import hashlib
import hmac
import re
from typing import Any

import orjson
from aiohttp import web

from chassis.errors import Refusal
from contracts.problems import INVALID_IDEMPOTENCY_KEY

_KEY = re.compile(r'"([\x21\x23-\x5b\x5d-\x7e]{1,128})"|([\x21\x23-\x7e][\x21-\x7e]{0,127})')


def read_key(request: web.Request) -> str | None:
    """Quoted and bare are the same key."""
    found = request.headers.getall("Idempotency-Key", [])
    if not found:
        return None
    match = _KEY.fullmatch(found[0].strip(" \t"))
    if match is None or len(found) > 1:
        raise Refusal(INVALID_IDEMPOTENCY_KEY)
    return match[1] or match[2]


class Fingerprints:
    """Of whole requests: equal when what is asked is equal, however its JSON is laid out."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of(self, method: str, path: str, query: list[tuple[str, str]], body: Any) -> str:
        content = orjson.dumps([method, path, sorted(query), body], option=orjson.OPT_SORT_KEYS)
        return hmac.new(self._key, content, hashlib.sha256).hexdigest()
