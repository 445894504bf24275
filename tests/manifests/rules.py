"""The CEL rules in Istio's definitions, which an API server would evaluate."""

import functools
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.manifests.building import Manifest
from tests.manifests.schemas import istio_schemas

# `url()` is Kubernetes' own addition to CEL, and says here only that a JWKS is fetched by HTTP or HTTPS.
_KUBERNETES_ONLY = re.compile(r"\burl\(")


def broken_rules(manifest: Manifest) -> Iterator[str]:
    schema = istio_schemas().get((manifest["apiVersion"], manifest["kind"]))
    if schema is not None:
        yield from _evaluate(schema, manifest, manifest["kind"])


def _celpy() -> Any:
    return pytest.importorskip("celpy", reason="requirements-platform.lock is not installed")


@functools.cache
def _program(rule: str) -> Any:
    environment = _celpy().Environment()
    return environment.program(environment.compile(rule))


def _holds(rule: str, value: Any) -> bool:
    program, celpy = _program(rule), _celpy()
    try:
        return bool(program.evaluate({"self": celpy.json_to_cel(value)}))
    except celpy.CELEvalError:  # `duration("5 seconds")`, say, which an API server refuses too
        return False


def _evaluate(schema: dict[str, Any], value: Any, path: str) -> Iterator[str]:
    for validation in schema.get("x-kubernetes-validations", []):
        rule = validation["rule"]
        if "oldSelf" in rule or _KUBERNETES_ONLY.search(rule):
            continue
        if not _holds(rule, value):
            yield f"{path}: {validation.get('message', rule)}"
    match value:
        case dict():
            additional = schema.get("additionalProperties")
            for name, inner in value.items():
                inner_schema = schema.get("properties", {}).get(name, additional)
                if isinstance(inner_schema, dict):
                    yield from _evaluate(inner_schema, inner, f"{path}.{name}")
        case list() if "items" in schema:
            for index, inner in enumerate(value):
                yield from _evaluate(schema["items"], inner, f"{path}[{index}]")
