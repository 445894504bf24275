"""Flux applies every layer once, in an order in which nothing waits for what comes later."""

import pytest

from ops.state import ROOT
from tests.manifests.building import OVERLAYS, built, of_kind


@pytest.mark.parametrize("cluster", OVERLAYS)
def test_the_layers_come_one_after_the_other(cluster: str) -> None:
    layers = [
        each
        for each in of_kind(built(f"flux/clusters/{cluster}"), "Kustomization")
        if "kustomize.toolkit" in each["apiVersion"]
    ]
    needs = {each["metadata"]["name"]: [d["name"] for d in each["spec"].get("dependsOn", [])] for each in layers}
    order = ["controllers", "namespace", "mesh", "data", "jobs", "apps", "observability"]
    assert needs == {name: order[:index][-1:] for index, name in enumerate(order)}
    assert all(each["spec"]["wait"] for each in layers)
    assert {each["metadata"]["name"]: each["spec"]["prune"] for each in layers} == {n: n != "data" for n in order}


@pytest.mark.parametrize("cluster", OVERLAYS)
def test_the_layers_are_the_whole_overlay(cluster: str) -> None:
    """But for the monitoring, which has a folder of its own."""
    layers = of_kind(built(f"flux/clusters/{cluster}"), "Kustomization")
    folders = [each["spec"]["path"].removeprefix("./") for each in layers]
    assert all((ROOT / folder / "kustomization.yaml").exists() for folder in folders)
    ours = [folder for folder in folders if folder.startswith(("k8s/", "istio/"))]
    separately = sorted(_key(each) for folder in ours for each in built(folder))
    assert separately == sorted(_key(each) for each in built(f"k8s/overlays/{cluster}"))


def _key(manifest: dict[str, object]) -> str:
    return str(sorted(manifest.items()))
