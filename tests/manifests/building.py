"""What kustomize makes of our folders."""

import copy
import functools
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml

from ops.state import ROOT

Manifest = dict[str, Any]

OVERLAYS = ("local", "staging", "production")
COMBINATIONS = tuple(sorted(path.name for path in (ROOT / "tests/manifests/combinations").iterdir()))
BUILDS = (
    *(f"k8s/overlays/{name}" for name in OVERLAYS),
    *(f"tests/manifests/combinations/{name}" for name in COMBINATIONS),
)


@functools.cache
def _built(folder: Path) -> tuple[Manifest, ...]:
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not here, which carries kustomize")
    command = ["kubectl", "kustomize", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return tuple(yaml.safe_load_all(done.stdout))


def built(folder: str) -> list[Manifest]:
    """A copy, which the caller may change."""
    return copy.deepcopy(list(_built(ROOT / folder)))


def of_kind(manifests: Iterable[Manifest], *kinds: str) -> list[Manifest]:
    return [each for each in manifests if each["kind"] in kinds]


def named(manifests: Iterable[Manifest], kind: str, name: str) -> Manifest:
    [found] = [each for each in of_kind(manifests, kind) if each["metadata"]["name"] == name]
    return found


def pod_of(workload: Manifest) -> Manifest:
    template: Manifest = workload["spec"]["template"]
    return template


def workloads(manifests: Iterable[Manifest]) -> list[Manifest]:
    """Those whose pods we write ourselves."""
    return of_kind(manifests, "Deployment", "Job")


def selects(selector: Manifest, labels: Manifest) -> bool:
    return all(labels.get(name) == value for name, value in selector.items())
