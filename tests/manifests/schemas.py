"""Kubernetes' own schemas from a wheel; those of custom resources from files beside the project, or from wheels."""

import functools
import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator  # type: ignore[import-untyped]
from pydantic import ValidationError

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


def has_schema(manifest: Manifest) -> bool:
    """Neither the operators of Postgres and RabbitMQ nor External Secrets have wheels."""
    group, _, _ = manifest["apiVersion"].rpartition("/")
    return CRD_SCHEMAS.exists() or not is_custom(manifest) or group in _MODELS


def complaints(manifest: Manifest) -> Iterator[str]:
    if is_custom(manifest):
        yield from _complaints_of_custom(manifest)
        return
    validate = pytest.importorskip("kubernetes_validate", reason="requirements-platform.lock is not installed")
    try:
        validate.validate(manifest, KUBERNETES, strict=True)
    except validate.ValidationError as error:
        yield error.message


_MODELS = {
    "cert-manager.io": "cert_manager",
    "helm.toolkit.fluxcd.io": "fluxcd.helm",
    "keda.sh": "keda",
    "kustomize.toolkit.fluxcd.io": "fluxcd.kustomize",
    "monitoring.coreos.com": "prometheus_operator",
    "networking.istio.io": "istio.networking",
    "notification.toolkit.fluxcd.io": "fluxcd.notification",
    "security.istio.io": "istio.security",
    "source.toolkit.fluxcd.io": "fluxcd.source",
    "telemetry.istio.io": "istio.telemetry",
}
"""Where cloudcoil keeps the resources of a group."""

_NEWER = {"source.serviceAccounts", "fallback.behavior"}
"""Fields that came with Istio 1.26 and KEDA 2.17, after these models were made."""


def _complaints_of_custom(manifest: Manifest) -> Iterator[str]:
    if not CRD_SCHEMAS.exists():
        yield from _complaints_of_model(manifest)
        return
    for error in _schema(manifest["apiVersion"], manifest["kind"]).iter_errors(manifest):
        yield f"{'.'.join(map(str, error.absolute_path))}: {error.message}"


def _complaints_of_model(manifest: Manifest) -> Iterator[str]:
    group, _, version = manifest["apiVersion"].rpartition("/")
    pytest.importorskip("cloudcoil.models", reason="requirements-platform.lock is not installed")
    model = getattr(importlib.import_module(f"cloudcoil.models.{_MODELS[group]}.{version}"), manifest["kind"])
    try:
        read = model.model_validate(manifest)
    except ValidationError as error:
        yield from (f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        return
    # The models pass over what they do not know.
    yield from _lost(manifest, read.model_dump(by_alias=True, exclude_unset=True, mode="json"), "")


def _lost(given: Any, kept: Any, where: str) -> Iterator[str]:
    if isinstance(given, dict) and isinstance(kept, dict):
        for name, value in given.items():
            if name in kept:
                yield from _lost(value, kept[name], f"{where}.{name}")
            elif not f"{where}.{name}".endswith(tuple(_NEWER)):
                yield f"{where}.{name}: there is no such field"
    elif isinstance(given, list) and isinstance(kept, list):
        for number, (each, other) in enumerate(zip(given, kept, strict=True)):
            yield from _lost(each, other, f"{where}[{number}]")


@functools.cache
def _schema(api_version: str, kind: str) -> Draft7Validator:
    group, _, version = api_version.rpartition("/")
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
