"""What clients read only grows. `docs/baseline/` holds what the last release promised; a release writes it anew."""

import copy
import json
from typing import Any

import pytest

from gateway.documents.asyncapi import asyncapi
from gateway.documents.openapi import openapi
from gateway.routes import OPERATIONS
from ops.state import ROOT
from tests.contract.compatible import definition_breaks, openapi_breaks

BASELINE = ROOT / "docs" / "baseline"
URL = "http://127.0.0.1:8080"


def promised(name: str) -> Any:
    return json.loads((BASELINE / f"{name}.json").read_text())


def test_the_http_api_only_grew() -> None:
    assert list(openapi_breaks(promised("openapi"), openapi(OPERATIONS, public_url=URL, version="0.1.0"))) == []


def test_the_events_only_grew() -> None:
    old, new = promised("asyncapi"), asyncapi(version="0.1.0")
    addresses = [{channel["address"] for channel in each["channels"].values()} for each in (old, new)]
    assert addresses[0] - addresses[1] == set()
    assert list(definition_breaks(old["components"]["schemas"], new["components"]["schemas"], written=set())) == []


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda d: d["paths"].pop("/v1/tasks"), "get /v1/tasks is gone"),
        (lambda d: d["webhooks"].pop("tasks.task_created.v1"), "webhook tasks.task_created.v1 is gone"),
        (lambda d: d["components"]["schemas"]["Task"]["properties"].pop("title"), "Task.title is gone"),
        (lambda d: d["components"]["schemas"]["NewTask"]["required"].append("tags"), "NewTask.tags is required now"),
        (
            lambda d: d["components"]["schemas"]["Task"]["properties"]["title"].update(type="integer"),
            "Task.title was type string and is integer",
        ),
        (
            lambda d: d["paths"]["/v1/tasks"]["post"]["responses"].pop("201"),
            "post /v1/tasks answers 201 no more",
        ),
    ],
)
def test_a_break_is_found(spoil: Any, told: str) -> None:
    old = openapi(OPERATIONS, public_url=URL, version="0.1.0")
    new = copy.deepcopy(old)
    spoil(new)
    assert told in list(openapi_breaks(old, new))
