"""What a creation writes durably, as one statement: a row, its event, the outbox and the inbox.

Into tables that are copies with the same indexes, because the outbox of the real ones would be published.
Our own creation writes counters as well; the yardstick does not.
"""

SCHEMA = "load_direct"
TABLES = ("tasks", "inbox", "event_log", "outbox")

MAKE_TABLES = f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE; CREATE SCHEMA {SCHEMA};" + "".join(
    f"CREATE TABLE {SCHEMA}.{table} (LIKE tasks.{table} INCLUDING ALL);" for table in TABLES
)
DROP_TABLES = f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE"

CREATE = """
WITH fresh AS (
     SELECT $1::uuid AS id, $2::uuid AS owner, $3::text AS title, $4::json AS data, clock_timestamp() AS at
), claimed AS (
     INSERT INTO load_direct.inbox (scope, dedup_key, request_sha, command_id, type, status, reply)
     SELECT owner, 'm:' || id, '', id, 'tasks.create_task.v1', 201, data FROM fresh
), logged AS (
     INSERT INTO load_direct.event_log (event_id, type, aggregate_type, aggregate_id, aggregate_version,
                                        command_id, actor_id, data)
     SELECT id, 'tasks.task_created.v1', 'task', id, 1, id, owner, data FROM fresh
), told AS (
     INSERT INTO load_direct.outbox (message_id, lane, exchange, routing_key, aggregate_id)
     SELECT id, 0, 'taskmesh.events', 'tasks.task_created.v1', id FROM fresh
)
INSERT INTO load_direct.tasks (id, owner_id, owner_username, title, status, priority, tags, version,
                               created_at, updated_at)
SELECT id, owner, 'load', title, 'pending', 'medium', '{load}', 1, at, at FROM fresh
"""


def for_pgbench(owner: str) -> str:
    values = {
        "$1::uuid": "gen_random_uuid()",
        "$2::uuid": f"'{owner}'::uuid",
        "$3::text": "'What pgbench writes'::text",
        "$4::json": """'{"task": {"title": "What pgbench writes", "description": "What has to be done every week."}}'::json""",
    }
    statement = CREATE
    for parameter, value in values.items():
        statement = statement.replace(parameter, value)
    # pgbench ends a statement at its semicolon alone.
    return statement.strip() + ";\n"
