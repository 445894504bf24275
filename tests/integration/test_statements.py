"""Every SQL statement fits the migrated schema and what the worker's role may do, whether or not a test reaches it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from ops.migrate import WORKERS, Worker
from ops.postgres import Postgres
from ops.state import ROOT
from tests.conftest import PASSWORDS

SQL = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH|LOCK)\s")
OF_EVERY_WORKER = ("chassis/erasure.py", "chassis/inbox.py", "chassis/outbox.py", "chassis/relay.py")
PLANNED = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\s")


def statements(file: Path) -> Iterator[tuple[int, str]]:
    """Line and text of each constant that is handed to a connection."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str) and SQL.match(first.value):
                yield first.lineno, first.value


def stores(role: str) -> list[str]:
    """One file, or a package of them."""
    folder = ROOT / role
    return sorted(str(file.relative_to(ROOT)) for file in (*folder.glob("store.py"), *folder.glob("store/[!_]*.py")))


@pytest.mark.parametrize("worker", WORKERS, ids=lambda worker: worker.role)
async def test_every_statement_can_be_planned_as_the_role_that_runs_it(
    postgres: Postgres, database: str, worker: Worker
) -> None:
    broken = {}
    connection = await asyncpg.connect(postgres.url(worker.role, PASSWORDS[worker.role], database))
    try:
        for path in (*stores(worker.role), *OF_EVERY_WORKER):
            for line, statement in statements(ROOT / path):
                try:
                    async with connection.transaction():
                        await plan(connection, statement)
                except asyncpg.PostgresError as error:
                    broken[f"{path}:{line}"] = str(error)
    finally:
        await connection.close()
    assert broken == {}


async def plan(connection: asyncpg.Connection, statement: str) -> None:
    """Postgres looks at permissions only when it is about to run a plan, so that preparing alone would not do."""
    if not PLANNED.match(statement):
        await connection.execute(statement)
        return
    parameters = (await connection.prepare(statement)).get_parameters()
    arguments = f"({', '.join(['NULL'] * len(parameters))})" if parameters else ""
    await connection.execute(f"PREPARE planned AS {statement}")
    await connection.execute(f"EXPLAIN EXECUTE planned{arguments}")
    await connection.execute("DEALLOCATE planned")


# Put together from fragments, of which test_list_filters, test_list_order and test_written try every one; and empty.
COMPOSED = {"task_worker/store/lists.py", "task_worker/store/written.py", "task_worker/store/__init__.py"}


@pytest.mark.parametrize("path", [path for worker in WORKERS for path in stores(worker.role) if path not in COMPOSED])
def test_every_function_of_a_store_has_its_statements_looked_at(path: str) -> None:
    functions = [node for node in ast.parse((ROOT / path).read_text()).body if isinstance(node, ast.AsyncFunctionDef)]
    lines = [line for line, _ in statements(ROOT / path)]
    unseen = [
        function.name
        for function in functions
        if not any(function.lineno <= line <= (function.end_lineno or 0) for line in lines)
    ]
    assert (len(functions) > 0, unseen) == (True, [])
