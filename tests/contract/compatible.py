"""What a reader of the older document would miss in the newer one."""

from collections.abc import Iterator, Mapping
from typing import Any

Document = Mapping[str, Any]


def schema_breaks(old: Document, new: Document, at: str, *, written: bool) -> Iterator[str]:
    """`written` by clients: then nothing may become required; else nothing that they read may go."""
    before, after = old.get("properties", {}), new.get("properties", {})
    for name in before.keys() - after.keys():
        yield f"{at}.{name} is gone"
    if written:
        for name in set(new.get("required", ())) - set(old.get("required", ())):
            yield f"{at}.{name} is required now"
    else:
        for name in set(old.get("required", ())) - set(new.get("required", ())):
            yield f"{at}.{name} may be missing now"
    for name in before.keys() & after.keys():
        for key in ("type", "format", "const", "$ref"):
            if key in before[name] and before[name][key] != after[name].get(key):
                yield f"{at}.{name} was {key} {before[name][key]} and is {after[name].get(key)}"


def openapi_breaks(old: Document, new: Document) -> Iterator[str]:
    for path, methods in old["paths"].items():
        for method, before in methods.items():
            after = new["paths"].get(path, {}).get(method)
            if after is None:
                yield f"{method} {path} is gone"
                continue
            yield from _operation_breaks(before, after, f"{method} {path}")
    yield from (f"webhook {name} is gone" for name in old["webhooks"].keys() - new["webhooks"].keys())
    bodies = {
        content["schema"]["$ref"].rpartition("/")[2]
        for methods in old["paths"].values()
        for operation in methods.values()
        for content in operation.get("requestBody", {}).get("content", {}).values()
        if "$ref" in content["schema"]
    }
    yield from definition_breaks(old["components"]["schemas"], new["components"]["schemas"], written=bodies)


def definition_breaks(old: Document, new: Document, *, written: set[str] | frozenset[str]) -> Iterator[str]:
    for name, before in old.items():
        if name not in new:
            yield f"schema {name} is gone"
        else:
            yield from schema_breaks(before, new[name], name, written=name in written)


def _operation_breaks(old: Document, new: Document, at: str) -> Iterator[str]:
    successes = {status for status in old["responses"] if status < "400"}
    yield from (f"{at} answers {status} no more" for status in successes - new["responses"].keys())
    named = {each.get("name"): each for each in new["parameters"]}
    for parameter in old["parameters"]:
        if parameter.get("in") == "query" and parameter["name"] not in named:
            yield f"{at} takes {parameter['name']} no more"
    known = {each.get("name") for each in old["parameters"]}
    for name, parameter in named.items():
        if parameter.get("required") and name not in known:
            yield f"{at} wants {name} now"
