"""`python -m gateway.documents openapi|asyncapi|schemas` prints what a gateway would serve."""

import sys
from collections.abc import Callable
from typing import Any

import orjson

from chassis.version import VERSION
from gateway.documents.asyncapi import asyncapi
from gateway.documents.openapi import openapi
from gateway.documents.schemas import EVENTS_BY_NAME, event_schema
from gateway.routes import OPERATIONS

_PUBLIC_URL = "http://127.0.0.1:8080"
_DOCUMENTS: dict[str, Callable[[], dict[str, Any]]] = {
    "openapi": lambda: openapi(OPERATIONS, public_url=_PUBLIC_URL, version=VERSION),
    "asyncapi": lambda: asyncapi(version=VERSION),
    "schemas": lambda: {name: event_schema(event, public_url=_PUBLIC_URL) for name, event in EVENTS_BY_NAME.items()},
}


def main() -> None:
    [name] = sys.argv[1:]
    sys.stdout.buffer.write(orjson.dumps(_DOCUMENTS[name](), option=orjson.OPT_INDENT_2) + b"\n")


main()
