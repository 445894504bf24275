"""The AsyncAPI document against the standard's own JSON Schema, which npm has and no wheel."""

import copy
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from gateway.documents.asyncapi import asyncapi
from ops.state import ROOT

DOCUMENT = asyncapi(version="0.1.0")
PACKAGE = Path(__file__).parent / "asyncapi"


@pytest.fixture(scope="module")
def standard() -> jsonschema.Draft7Validator:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm, which brings AsyncAPI's schema, is not installed")
    folder = ROOT / ".taskmesh" / "cache" / "asyncapi"
    shutil.copytree(PACKAGE, folder, dirs_exist_ok=True)
    brought = subprocess.run(
        [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
    )
    if brought.returncode:
        pytest.skip(f"npm could not bring AsyncAPI's schema: {brought.stderr.strip().splitlines()[0]}")
    version = DOCUMENT["asyncapi"]
    schema = folder / "node_modules" / "@asyncapi" / "specs" / "schemas" / f"{version}.json"
    return jsonschema.Draft7Validator(json.loads(schema.read_text()))


def test_the_document_is_valid(standard: jsonschema.Draft7Validator) -> None:
    assert [error.message for error in standard.iter_errors(DOCUMENT)] == []


@pytest.mark.parametrize("where", ["info", "operations.action", "channels.address", "components.messages"])
def test_the_schema_would_say_what_is_wrong(standard: jsonschema.Draft7Validator, where: str) -> None:
    broken: dict[str, Any] = copy.deepcopy(DOCUMENT)
    part, _, name = where.partition(".")
    if not name:
        del broken[part]
    elif part == "components":
        broken[part][name] = []
    else:
        next(iter(broken[part].values()))[name] = 7
    assert not standard.is_valid(broken)
