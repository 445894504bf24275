"""Each abuse case and each pitfall that was once written down is in the test that shows it.

The lists are of what an HTTP API (H), a consumer of messages (A), and two programs like this one (pitfalls F and K)
got wrong. A test names its cases in its docstring, or in the id of a parameter.
"""

import ast
import re
from collections.abc import Iterator

import pytest

from ops.state import ROOT

WANTED = {
    *(f"H{number}" for number in range(1, 76)),
    *(f"A{number}" for number in range(1, 25)),
    *(f"pitfall F{number}" for number in (*range(1, 11), *range(16, 50))),
    *(f"pitfall K{number}" for number in (*range(9, 13), *range(15, 23))),
}

NOT_HERE = {
    "H33": "no account is suspended",
    "H72": "a task may go from any status to any other",
    "H73": "a task is nobody's but its owner's: there are no assignees",
    "pitfall F41": "ruff's ASYNC rules refuse what blocks the event loop",
    "pitfall K16": "the connections are opened before the first message is taken, in chassis/worker.py",
    "pitfall K17": "the server that is developed with is the server that runs",
}

_CASE = re.compile(r"\b[Pp]itfall [FK]\d+\b|\b[HA]\d+\b")


def _texts(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield ast.get_docstring(node) or ""
        elif isinstance(node, ast.keyword) and node.arg in ("id", "ids"):
            yield from (str(each.value) for each in ast.walk(node.value) if isinstance(each, ast.Constant))


def shown() -> set[str]:
    found: set[str] = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        for text in _texts(ast.parse(path.read_text())):
            found |= {case.replace("P", "p") for case in _CASE.findall(text)}
    return found


def test_every_case_is_shown_or_said_not_to_be_here() -> None:
    assert sorted(WANTED - shown() - NOT_HERE.keys()) == []


@pytest.mark.parametrize("case", NOT_HERE)
def test_what_is_not_here_is_shown_nowhere(case: str) -> None:
    assert case in WANTED - shown()
