"""The one list there is: what a person owns and what others share with him, filtered and in any order.

Two branches, each with its own index order and its own limit, so that neither reads more than a page where an index
has the order that is asked for. Every fragment is a constant of this module; what callers wrote is an argument.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any
from uuid import UUID

from asyncpg.pool import PoolConnectionProxy

from contracts.task_lists import ListTasks, TaskPosition
from contracts.tasks import Task
from task_worker.counting import kept_own, kept_shared
from task_worker.store import written


@dataclass(frozen=True, slots=True)
class _Key:
    """`text` is the key of one task as a cursor holds it; Postgres casts it back."""

    own: str
    type: str
    text: Callable[[Task], str]
    shared: str | None = None

    def of(self, branch: "_Branch") -> str:
        return self.shared if branch is _SHARED and self.shared else self.own


@dataclass(frozen=True, slots=True)
class _Branch:
    source: str
    permission: str
    id: str


_OWN = _Branch("FROM tasks t WHERE t.owner_id = $1", "'owner'", "t.id")
_SHARED = _Branch("FROM shares s JOIN tasks t ON t.id = s.task_id WHERE s.user_id = $1", "s.permission", "s.task_id")
_BRANCHES = {"me": (_OWN,), "shared": (_SHARED,), "any": (_OWN, _SHARED)}

_COLUMNS = """
    t.owner_id, t.owner_username, t.title, t.description, t.status, t.completed_at, t.priority, t.due_date, t.tags,
    t.share_count, t.comment_count, t.file_count, t.version, t.created_at, t.updated_at, t.deleted_at, t.overdue_at"""
_NEAR = 2000
_FILTERS = ListTasks.model_fields.keys() - {"owner", "deleted", "sort", "after", "limit", "count"}

_PRIORITIES, _STATUSES = ("low", "medium", "high"), ("pending", "in_progress", "completed")

# Infinite dates instead of none, so that NULLS LAST is plain order, in which an index and a row comparison agree.
_KEYS: Mapping[str, _Key] = {
    "created_at": _Key("t.created_at", "timestamptz", lambda t: t.created_at.isoformat(), shared="s.task_created_at"),
    "updated_at": _Key("t.updated_at", "timestamptz", lambda t: t.updated_at.isoformat()),
    "due_date": _Key(
        "coalesce(t.due_date, 'infinity')", "date", lambda t: t.due_date.isoformat() if t.due_date else "infinity"
    ),
    "-due_date": _Key(
        "coalesce(t.due_date, '-infinity')", "date", lambda t: t.due_date.isoformat() if t.due_date else "-infinity"
    ),
    "title": _Key('t.title COLLATE "und-x-icu"', "text", lambda t: t.title),
    "priority": _Key(
        "array_position(ARRAY['low', 'medium', 'high'], t.priority)",
        "int",
        lambda t: str(_PRIORITIES.index(t.priority) + 1),
    ),
    "status": _Key(
        "array_position(ARRAY['pending', 'in_progress', 'completed'], t.status)",
        "int",
        lambda t: str(_STATUSES.index(t.status) + 1),
    ),
}


@dataclass(frozen=True, slots=True)
class _Order:
    key: _Key
    descending: bool

    @property
    def direction(self) -> str:
        return "DESC" if self.descending else "ASC"

    @property
    def beyond(self) -> str:
        return "<" if self.descending else ">"


def _orders(query: ListTasks) -> list[_Order]:
    orders = []
    for sort in query.sort:
        name = sort.removeprefix("-")
        orders.append(_Order(_KEYS.get(sort) or _KEYS[name], sort != name))
    return orders


def position(query: ListTasks, task: Task) -> TaskPosition:
    return TaskPosition(keys=tuple(order.key.text(task) for order in _orders(query)), id=task.id)


@dataclass(slots=True)
class _Statement:
    """Arguments, and the conditions that refer to them by number. The viewer is the first."""

    arguments: list[Any]
    conditions: list[str] = field(default_factory=list)

    def argument(self, value: Any) -> str:
        self.arguments.append(value)
        return f"${len(self.arguments)}"

    def where(self, condition: str, value: Any) -> None:
        """`condition` with `{}` where the value goes. A value of None is no condition."""
        if value is not None:
            self.conditions.append(condition.format(self.argument(value)))


def _quote(lexeme: str) -> str:
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"


def _facets(query: ListTasks, owner: UUID | None) -> str | None:
    """A tsquery. The owner is part of it, so that a word which many use costs a person no more than his own tasks."""
    done = {None: (), True: ("completed",), False: ("pending", "in_progress")}[query.completed]
    alternatives = [
        [f"status={status}" for status in query.status],
        [f"status={status}" for status in done],
        [f"priority={priority}" for priority in query.priority],
        *([f"tag={tag}"] for tag in query.tags),
    ]
    found = ["(" + " | ".join(map(_quote, some)) + ")" for some in alternatives if some]
    if not found and query.search is None:
        return None
    return " & ".join([*([_quote(f"owner={owner}")] if owner else []), *found]) or None


def _filtered(query: ListTasks, viewer: UUID) -> _Statement:
    statement = _Statement([viewer], [f"t.deleted_at IS {'NOT ' if query.deleted else ''}NULL"])
    statement.where("t.created_at >= {}", query.created_from)
    statement.where("t.created_at < {}", query.created_until)
    statement.where("t.updated_at >= {}", query.updated_from)
    statement.where("coalesce(t.due_date, 'infinity') >= {}", query.due_from)
    statement.where("t.due_date < {}", query.due_until)
    if query.due_from is not None:
        statement.conditions.append("t.due_date IS NOT NULL")
    if query.overdue is True:
        statement.conditions.append("t.overdue_at <= now()")
    elif query.overdue is False:
        statement.conditions.append("(t.overdue_at IS NULL OR t.overdue_at > now())")
    return statement


def _matching(query: ListTasks, statement: _Statement, branch: _Branch, viewer: UUID) -> list[str]:
    facets = _facets(query, viewer if branch is _OWN else None)
    if facets is None and query.search is None:
        return []
    parts = [] if facets is None else [f"{statement.argument(facets)}::text::tsquery"]
    conditions = []
    if query.search is not None:
        words = statement.argument(query.search)
        parts.append(f"(websearch_to_tsquery('simple', {words}) || websearch_to_tsquery('english', {words}))")
        conditions.append(f"numnode(websearch_to_tsquery('simple', {words})) > 0")
    return [f"t.facets @@ ({' && '.join(parts)})", *conditions]


def _after(query: ListTasks, statement: _Statement, branch: _Branch) -> list[str]:
    """Behind the position: as one row comparison, which an index can start at, or key by key where directions differ."""
    if query.after is None:
        return []
    orders = _orders(query)
    keys = [order.key.of(branch) for order in orders] + [branch.id]
    values = [
        f"{statement.argument(text)}::text::{order.key.type}"
        for order, text in zip(orders, query.after.keys, strict=True)
    ] + [f"{statement.argument(query.after.id)}::uuid"]
    beyond = [order.beyond for order in orders] + [orders[-1].beyond]
    if all(one == other for one, other in pairwise(beyond)):
        return [f"({', '.join(keys)}) {beyond[0]} ({', '.join(values)})"]
    alternatives = []
    for last in range(len(keys)):
        equal = [f"{keys[i]} = {values[i]}" for i in range(last)]
        alternatives.append(" AND ".join([*equal, f"{keys[last]} {beyond[last]} {values[last]}"]))
    # The first key's bound stands in every alternative; said once more, it bounds an index scan.
    return [f"{keys[0]} {beyond[0]}= {values[0]}", "(" + " OR ".join(f"({each})" for each in alternatives) + ")"]


def _branches(query: ListTasks) -> tuple[_Branch, ...]:
    return (_OWN,) if query.deleted else _BRANCHES[query.owner]


def statement_of(query: ListTasks, *, viewer: UUID, limit: int) -> tuple[str, list[Any]]:
    """And its arguments.

    Where something must match, what a person owns is read in two ways: the first tasks in the order of the list, which
    hold a page of whatever is frequent; when they do not, what matches is rare, and all of it is found by its lexemes.
    Left to choose, Postgres takes owner and word for independent and reads every match of a word that one person uses.
    """
    statement, orders = _filtered(query, viewer), _orders(query)
    at_most = statement.argument(limit)
    keys = [f"key_{number}" for number in range(len(orders))]
    order_by = ", ".join(map("{} {.direction}".format, [*keys, "id"], [*orders, orders[-1]]))
    page = f"ORDER BY {order_by} LIMIT {at_most}"
    selects = []
    for branch in _branches(query):
        computed = ", ".join(f"{order.key.of(branch)} AS {key}" for order, key in zip(orders, keys, strict=True))
        select = f"SELECT {branch.id} AS id, {_COLUMNS}, {branch.permission} AS permission, {computed}"
        after, matching = _after(query, statement, branch), _matching(query, statement, branch, viewer)
        every = " AND ".join([f"{select} {branch.source}", *statement.conditions, *after, *matching])
        if branch is not _OWN or not matching:
            selects.append(f"({every} {page})")
            continue
        begins = [each for each in statement.conditions if each.startswith((orders[0].key.own, "t.deleted_at"))]
        near = " AND ".join([f"{select}, t.facets {branch.source}", *begins, *after])
        selects.append(
            f"""
            (WITH near AS MATERIALIZED (
                  SELECT id, {_COLUMNS}, permission, {", ".join(keys)}
                    FROM ({near} ORDER BY {order_by} LIMIT {_NEAR}) AS t
                   WHERE {" AND ".join([*statement.conditions, *matching])} {page})
             SELECT * FROM near WHERE (SELECT count(*) FROM near) = {at_most}
              UNION ALL
             SELECT * FROM ({every} OFFSET 0) AS rare WHERE (SELECT count(*) FROM near) < {at_most} {page})
            """
        )
    return f"SELECT {written.TASK} FROM ({' UNION ALL '.join(selects)}) AS t {page}", statement.arguments


async def list_tasks(connection: PoolConnectionProxy, query: ListTasks, *, viewer: UUID, limit: int) -> list[str]:
    """Each of them as JSON."""
    sql, arguments = statement_of(query, viewer=viewer, limit=limit)
    if all(getattr(query, name) in (None, ()) for name in _FILTERS):
        # One plan fits all: a LIMIT that Postgres does not know makes it read in the order of an index, whoever asks.
        rows = await connection.fetch(sql, *arguments)
    else:
        # Prepared anew each time: the plan that is best for one word or tag, kept for all others, can be far off.
        rows = await (await connection.prepare(sql)).fetch(*arguments)
    return [row[0] for row in rows]


async def count_tasks(connection: PoolConnectionProxy, query: ListTasks, *, viewer: UUID) -> int:
    """From the counts that are kept, where they know; otherwise by reading what matches."""
    statement = _filtered(query, viewer)
    counted = []
    for branch in _branches(query):
        if kept := kept_own(query) if branch is _OWN else kept_shared(query):
            key = f"kind = {statement.argument(kept.kind)} AND key = ANY({statement.argument(kept.keys)}::text[])"
            counted.append(f"(SELECT coalesce(sum(n), 0) FROM counts WHERE person_id = $1 AND {key})")
        else:
            where = " AND ".join([*statement.conditions, *_matching(query, statement, branch, viewer)])
            counted.append(f"(SELECT count(*) {branch.source} AND {where})")
    return int(await (await connection.prepare(f"SELECT {' + '.join(counted)}")).fetchval(*statement.arguments))
