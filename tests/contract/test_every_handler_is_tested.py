"""A handler of task_worker cannot be added without a test file of its name."""

from pathlib import Path

import pytest

from ops.state import ROOT

HANDLERS = sorted(path.stem for path in (ROOT / "task_worker" / "handlers").glob("[!_]*.py"))


@pytest.mark.parametrize("name", HANDLERS)
def test_a_handler_has_a_test_of_its_name_that_calls_it(name: str) -> None:
    test = ROOT / "tests" / "integration" / "task_worker" / f"test_{name}.py"
    assert f"from task_worker.handlers.{name} import" in _text(test)


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else f"no {path.name}"
