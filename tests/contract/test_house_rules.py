"""What reviewers would say again and again."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from chassis.version import VERSION
from ops.state import ROOT

PACKAGES = ("auth_worker", "chassis", "contracts", "gateway", "notifier", "ops", "task_worker")
BANNED_NAMES = {"util", "utils", "helper", "helpers", "common", "misc", "manager", "managers"}
LONGEST_TEST = 300  # lines
MAY_SLEEP = {
    "tests/eventually.py": "it waits for all the others",
    "tests/chaos/load.py": "sends at a steady pace",
    "tests/chaos/proxy.py": "is a slow line",
    "tests/chaos/overload.py": "sends at a steady pace, in bursts",
    "tests/chaos/faults_of_messages.py": "spreads poison among the good",
    "tests/integration/ops/test_postgres.py": "interrupts a start in its middle",
    "tests/integration/ops/test_supervisor.py": "interrupts a start in its middle",
    "tests/unit/gateway/test_malformed_http.py": "is a slow client",
    "tests/unit/gateway/test_stopping.py": "lets half a request arrive, of which the other side says nothing",
    "tests/unit/notifier/test_webhook_post.py": "is a slow receiver",
}


def sources(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def broad_handlers(path: Path) -> list[str]:
    return [
        f"{relative(path)}:{node.lineno}"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or (isinstance(node.type, ast.Name) and node.type.id == "Exception"))
    ]


def imported(path: Path) -> set[str]:
    """The first word of each module that is imported."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names


def test_a_file_is_named_after_what_it_holds() -> None:
    words = {
        relative(path): set(re.split(r"[_.]", path.stem)) | set(path.relative_to(ROOT).parts[:-1])
        for path in sources(*PACKAGES, "tests")
    }
    assert [path for path, named in words.items() if named & BANNED_NAMES] == []


@pytest.mark.parametrize(("package", "at_most"), [(name, int(name in ("chassis", "gateway"))) for name in PACKAGES])
def test_everything_is_caught_in_one_place_alone(package: str, at_most: int) -> None:
    found = [place for path in sources(package) for place in broad_handlers(path)]
    assert len(found) <= at_most, found


def test_only_the_chassis_speaks_to_the_broker() -> None:
    libraries = {"aio_pika", "aiormq", "pamqp"}
    speakers = {relative(path) for path in sources(*PACKAGES) if imported(path) & libraries}
    assert {path.partition("/")[0] for path in speakers} == {"chassis"}


def test_the_gateway_knows_no_database() -> None:
    assert [relative(path) for path in sources("gateway") if "asyncpg" in imported(path)] == []


def test_no_service_imports_another() -> None:
    services = {"auth_worker", "gateway", "notifier", "task_worker"}
    found = {
        f"{relative(path)} imports {other}"
        for service in services
        for path in sources(service)
        for other in imported(path) & (services - {service})
    }
    assert found == set()


def sleeps(path: Path) -> bool:
    """But for `sleep(0)`, which lets others run and waits for nothing."""
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    return any(re.search(r"\bsleep$", ast.unparse(call.func)) and ast.unparse(call.args[0]) != "0" for call in calls)


def test_no_test_waits_by_sleeping() -> None:
    assert {relative(path) for path in sources("tests") if sleeps(path)} <= set(MAY_SLEEP)


def test_no_test_is_longer_than_a_reader_is_patient() -> None:
    lengths = {relative(path): len(path.read_text().splitlines()) for path in sources("tests")}
    assert {path: lines for path, lines in lengths.items() if lines > LONGEST_TEST} == {}


def test_the_tests_are_no_package() -> None:
    assert list((ROOT / "tests").rglob("__init__.py")) == []


def test_the_version_is_one() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == VERSION


def test_each_handler_of_tasks_has_a_test_of_its_name() -> None:
    handlers = {path.stem for path in (ROOT / "task_worker" / "handlers").glob("*.py")} - {"__init__"}
    tested = {path.stem.removeprefix("test_") for path in (ROOT / "tests/integration/task_worker").glob("test_*.py")}
    assert handlers - tested == set()
