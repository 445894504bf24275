"""The pipelines are sound as far as that can be read off them."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ops.state import ROOT
from tests.contract.programs import program

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
SCRIPTS = sorted(path for path in (ROOT / "scripts").iterdir() if path.read_text().startswith("#!/bin/sh"))


def _linter(name: str) -> str:
    found = program(name)
    if found is None:
        pytest.skip(f"{name} is not here; requirements-platform.lock brings it")
    return found


def _passes(*command: str | Path) -> None:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_actionlint_finds_nothing() -> None:
    _passes(_linter("actionlint"), *WORKFLOWS)


def test_zizmor_finds_nothing() -> None:
    _passes(_linter("zizmor"), "--offline", "--no-progress", ROOT / ".github")


def test_shellcheck_finds_nothing() -> None:
    _passes(_linter("shellcheck"), *SCRIPTS)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_an_action_is_pinned_and_a_script_is_there(workflow: Path) -> None:
    text = workflow.read_text()
    for action in re.findall(r"uses: (\S+)", text):
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", action)
    for script in re.findall(r"scripts/[\w-]+", text):
        assert (ROOT / script).stat().st_mode & 0o111
    for job in yaml.safe_load(text)["jobs"].values():
        assert job["timeout-minutes"] <= 60


def test_a_change_of_the_image_is_seen(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        subprocess.run(["git", "-c", "user.name=x", "-c", "user.email=x@x", *arguments], cwd=tmp_path, check=True)

    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts/changes").write_text((ROOT / "scripts/changes").read_text())
    git("init", "--quiet")
    for path, expected in (("README.md", "false"), ("Dockerfile", "true")):
        git("add", ".")
        git("commit", "--quiet", "--allow-empty", "--message", "before")
        (tmp_path / path).write_text("changed")
        git("add", ".")
        git("commit", "--quiet", "--message", path)
        told = subprocess.run(
            ["sh", "scripts/changes", "HEAD~1"], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        assert told.stdout == f"image={expected}\n"


def test_a_tag_is_written_into_one_overlay(tmp_path: Path) -> None:
    command = ["cp", "-r", str(ROOT / "scripts"), str(ROOT / "k8s"), str(tmp_path)]
    subprocess.run(command, check=True)
    subprocess.run([tmp_path / "scripts/deploy", "staging", "1.2.3"], check=True)
    for layer in ("apps", "jobs"):
        assert "newTag: 1.2.3}" in (tmp_path / f"k8s/overlays/staging/{layer}/kustomization.yaml").read_text()
    assert "1.2.3" not in (tmp_path / "k8s/overlays/production/apps/kustomization.yaml").read_text()
    refused = subprocess.run([tmp_path / "scripts/deploy", "staging", "1|e"], capture_output=True, check=False)
    assert refused.returncode == 1


def test_a_secret_is_filled_in_and_nothing_is_left_open(tmp_path: Path) -> None:
    environment = subprocess.run(
        [sys.executable, "-m", "ops", "secrets"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    (tmp_path / "secrets.env").write_text(environment.stdout)
    printed = subprocess.run(
        [sys.executable, ROOT / "scripts/secrets", tmp_path / "secrets.env"], capture_output=True, text=True, check=True
    )
    secrets = {each["metadata"]["name"]: each["stringData"] for each in yaml.safe_load_all(printed.stdout)}
    assert "{{" not in printed.stdout
    assert secrets["notifier"]["smtp_url"] == "smtp://mail:1025"
    assert secrets["gateway"]["amqp_url"].startswith("amqp://gateway:")
