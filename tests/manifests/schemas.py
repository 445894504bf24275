"""Kubernetes' own schemas from a wheel; those of the custom resources from files beside the project."""

import functools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator  # type: ignore[import-untyped]

from ops.state import ROOT
from tests.manifests.building import Manifest

# Beside the project, or beside the folder of its worktrees.
CRD_SCHEMAS = next(
    (path for above in (ROOT.parent, ROOT.parent.parent) if (path := above / "shared/crd-schemas").exists()),
    ROOT.parent / "shared/crd-schemas",
)
KUBERNETES = "1.34"


def is_custom(manifest: Manifest) -> bool:
    group, _, _ = manifest["apiVersion"].rpartition("/")
    return "." in group and not group.endswith("k8s.io")


def complaints(manifest: Manifest) -> Iterator[str]:
    if is_custom(manifest):
        validator = _custom(manifest["apiVersion"], manifest["kind"])
        yield from (
            f"{'.'.join(map(str, error.absolute_path))}: {error.message}" for error in validator.iter_errors(manifest)
        )
        return
    validate = pytest.importorskip("kubernetes_validate", reason="requirements-platform.lock is not installed")
    try:
        validate.validate(manifest, KUBERNETES, strict=True)
    except validate.ValidationError as error:
        yield error.message


@functools.cache
def _custom(api_version: str, kind: str) -> Draft7Validator:
    group, _, version = api_version.rpartition("/")
    if not CRD_SCHEMAS.exists():
        pytest.skip("the schemas of the custom resources are not beside the project")
    return Draft7Validator(json.loads((CRD_SCHEMAS / group / f"{kind.lower()}_{version}.json").read_text()))


@functools.cache
def istio_schemas() -> dict[tuple[str, str], dict[str, Any]]:
    path: Path = CRD_SCHEMAS / "istio-crds.yaml"
    if not path.exists():
        pytest.skip("Istio's definitions are not beside the project")
    return {
        (f"{each['spec']['group']}/{version['name']}", each["spec"]["names"]["kind"]): version["schema"][
            "openAPIV3Schema"
        ]
        for each in yaml.load_all(path.read_text(), Loader=yaml.CSafeLoader)
        if each and each["kind"] == "CustomResourceDefinition"
        for version in each["spec"]["versions"]
    }
