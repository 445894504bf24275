"""What benchmarks/ gives to those who bring Locust or wrk asks for what the API offers."""

import json
import re
import subprocess
import sys
from typing import Any

import pytest

from contracts.tasks import NewTask
from ops.state import ROOT

LOCUST, WRK = ROOT / "benchmarks/locustfile.py", ROOT / "benchmarks/create.lua"


@pytest.fixture(scope="module")
def paths() -> dict[str, Any]:
    return dict(json.loads((ROOT / "docs/baseline/openapi.json").read_text())["paths"])


def test_wrk_sends_what_the_api_takes(paths: dict[str, Any]) -> None:
    script = WRK.read_text()
    found = dict(re.findall(r'^wrk\.(method|path) = "(.+)"$', script, re.MULTILINE))
    [body] = re.findall(r"^wrk\.body = '(.+)'$", script, re.MULTILINE)
    [media_type] = re.findall(r'^wrk\.headers\["Content-Type"\] = "(.+)"$', script, re.MULTILINE)
    operation = paths[found["path"]][found["method"].lower()]
    assert media_type in operation["requestBody"]["content"]
    assert NewTask.model_validate_json(body).tags == ("load",)


def test_locust_asks_for_paths_that_there_are(paths: dict[str, Any]) -> None:
    called = set(re.findall(r'client\.(get|post|patch)\(\s*f?"([^"?]+)', LOCUST.read_text()))
    assert len(called) >= 5
    for method, path in called:
        named = re.sub(r"\{[^}]+\}", "{task_id}", path)
        assert method in paths[named], path


def test_locust_reads_its_file() -> None:
    pytest.importorskip("locust", reason="locust is not installed: uv pip install --group locust")
    command = [sys.executable, "-m", "locust", "-f", str(LOCUST), "--list"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert "Person" in listed.stdout + listed.stderr
