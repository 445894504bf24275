"""What every role may do to every table, as Postgres says, is what the GRANTs in the migrations say: no more, no less."""

import re
from collections.abc import Iterator

import asyncpg
import pytest

from chassis.migrations import CHASSIS_TABLES
from ops.migrate import OPERATOR, OWNER, ROLES, WORKERS
from ops.state import ROOT

PRIVILEGES = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
GRANT = re.compile(r"^GRANT ([^;]+?) ON (?!SCHEMA|FUNCTION)([^;]+?) TO (\w+);", re.MULTILINE)

Right = tuple[str, str, str]
"""Role, table, privilege."""


def granted() -> Iterator[Right]:
    for worker in WORKERS:
        for file in [*CHASSIS_TABLES.glob("*.sql"), *(ROOT / worker.role / "migrations").glob("*.sql")]:
            for privileges, tables, role in GRANT.findall(file.read_text()):
                # A right to one column is none to the table.
                for privilege in re.findall(r"\b[A-Z]+\b(?! ?\()", privileges):
                    for table in re.split(r",\s*", tables):
                        yield role, f"{worker.schema}.{table.removeprefix('TABLE ')}", privilege


async def tables_of(superuser: asyncpg.Connection) -> list[str]:
    rows = await superuser.fetch(
        """
        SELECT schemaname || '.' || tablename AS name
          FROM pg_tables
         WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
        """
    )
    return [row["name"] for row in rows]


async def test_every_role_has_the_rights_that_the_migrations_grant(superuser: asyncpg.Connection) -> None:
    tables = await tables_of(superuser)
    rows = await superuser.fetch(
        """
        SELECT role, name, privilege
          FROM unnest($1::text[]) AS role, unnest($2::text[]) AS name, unnest($3::text[]) AS privilege
         WHERE has_table_privilege(role, name, privilege)
        """,
        [*ROLES],
        tables,
        [*PRIVILEGES],
    )
    has = {(row["role"], row["name"], row["privilege"]) for row in rows}
    reads = {(OPERATOR, table, "SELECT") for table in tables}
    assert has == set(granted()) | reads


async def test_a_right_to_a_column_is_the_operators_decision_alone(superuser: asyncpg.Connection) -> None:
    rows = await superuser.fetch(
        """
        SELECT grantee, table_schema || '.' || table_name AS name, column_name, privilege_type
          FROM information_schema.column_privileges p
         WHERE grantee = ANY ($1)
           AND NOT has_table_privilege(grantee, table_schema || '.' || table_name, privilege_type)
        """,
        [*ROLES],
    )
    assert {tuple(row) for row in rows} == {(OPERATOR, "notifier.dead_letter", "state", "UPDATE")}


async def test_what_runs_with_the_owners_rights_erases_names_and_is_for_one_worker_alone(
    superuser: asyncpg.Connection,
) -> None:
    """Whatever search_path its caller has."""
    rows = await superuser.fetch(
        """
        SELECT p.oid::regprocedure::text AS name, pg_get_userbyid(proowner) AS owner, proconfig,
               ARRAY(SELECT role FROM unnest($1::text[]) AS role WHERE has_function_privilege(role, p.oid, 'EXECUTE'))
                 AS callers
          FROM pg_proc p
         WHERE prosecdef
        """,
        [*ROLES],
    )
    assert {row["name"]: row["callers"] for row in rows} == {
        "auth.erase_events(uuid,uuid,integer)": ["auth_worker"],
        "tasks.erase_events(uuid,uuid,integer)": ["task_worker"],
        "notifier.erase_events(uuid,uuid,integer)": ["notifier"],
        "notifier.erase_activity(uuid,bigint,bigint)": ["notifier"],
    }
    assert {(row["owner"], *row["proconfig"]) for row in rows} == {(OWNER, "search_path=pg_catalog, pg_temp")}


def test_nobody_may_rewrite_history_or_empty_a_table() -> None:
    rights = set(granted())
    history = {f"{worker.schema}.event_log" for worker in WORKERS}
    history |= {"notifier.activity", "notifier.activity_seals", "notifier.dead_letter_journal"}
    assert [right for right in rights if right[1] in history and right[2] in {"UPDATE", "DELETE"}] == []
    assert [right for right in rights if right[1].endswith(".erasures") and right[2] == "DELETE"] == []
    assert [right for right in rights if right[2] in {"TRUNCATE", "REFERENCES", "TRIGGER", "ALL"}] == []


def test_a_worker_has_rights_in_its_own_schema_alone() -> None:
    homes = {worker.role: worker.schema for worker in WORKERS}
    assert {
        right for right in granted() if right[0] in homes and not right[1].startswith(f"{homes[right[0]]}.")
    } == set()


@pytest.mark.parametrize("role", [*ROLES, OWNER])
async def test_no_role_may_make_roles_or_databases_or_pass_row_security(
    superuser: asyncpg.Connection, role: str
) -> None:
    row = await superuser.fetchrow(
        "SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls FROM pg_roles WHERE rolname = $1",
        role,
    )
    assert row is not None
    assert set(row.values()) == {False}


async def test_the_gateway_has_no_role_at_all(superuser: asyncpg.Connection) -> None:
    assert await superuser.fetchval("SELECT count(*) FROM pg_roles WHERE rolname = 'gateway'") == 0
