"""What the terminal shows: data on stdout, talk on stderr."""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ops.state import StackState

_WIDE = 240  # columns of what no terminal shows: no cell is cut for a file or a pipe
_data = Console(width=None if sys.stdout.isatty() else _WIDE)
_talk = Console(stderr=True, soft_wrap=True, highlight=False)
_COLOURS = {"ready": "green", "ok": "green", "warn": "yellow", "fail": "red", "failed": "red"}


def say(text: str) -> None:
    _talk.print(text, markup=False)


def complain(text: str) -> None:
    _talk.print(text, style="red", markup=False)


def quiet_logs() -> None:
    """The chassis logs for services; here only its warnings are of interest, beside the data."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger("warning"),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def named_line(name: str, text: str) -> None:
    show_text(f"{name:<14} | {text}\n")


def named_talk(name: str, text: str) -> None:
    sys.stderr.write(f"{name:<14} | {text}\n")


def bare_line(_: str, text: str) -> None:
    show_text(text + "\n")


def show_text(text: str) -> None:
    """At once, also through a pipe: who follows a log or waits for the addresses waits for what comes next, too."""
    sys.stdout.write(text)
    sys.stdout.flush()


def show_json(value: object) -> None:
    sys.stdout.write(json.dumps(value, indent=2, default=str) + "\n")


def show_rows(rows: Sequence[Mapping[str, Any]]) -> None:
    table = Table(*rows[0], box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(Text("" if value is None else str(value)) for value in row.values()))
    _data.print(table)


def _state(text: str) -> str:
    return f"[{_COLOURS[text]}]{text}[/]" if text in _COLOURS else text


def show_services(state: StackState) -> None:
    table = Table("service", "state", "pid", "restarts", box=None, pad_edge=False)
    for column in ("url", "metrics"):
        table.add_column(column, overflow="fold")
    for name, each in state["services"].items():
        pid = "" if each["pid"] is None else str(each["pid"])
        table.add_row(
            name, _state(each["state"]), pid, str(each["restarts"]), each["url"] or "", each["metrics_url"] or ""
        )
    _data.print(table)


def show_welcome(state: StackState) -> None:
    urls = state["urls"]
    for name, url in (
        ("gateway", urls["gateway_url"]),
        ("documentation", f"{urls['gateway_url']}/docs"),
        ("mail", urls["mail_url"]),
        ("postgres", urls["database_url"]),
        ("rabbitmq", urls["amqp_url"]),
        ("management", urls["management_url"]),
    ):
        show_text(f"{name:<14} {url}\n")
    show_text(_first_steps(urls["gateway_url"]) + "\n")


def _first_steps(gateway: str) -> str:
    body = "-H 'Content-Type: application/json' -d"
    account = '"username":"ada","password":"Analytical-Engine-1843"'
    read_access = 'sed \'s/.*"access_token": *"\\([^"]*\\)".*/\\1/\''
    return f"""
Try it:
  curl {gateway}/v1/auth/register {body} '{{{account},"email":"ada@example.test"}}'
  TOKEN=$(curl -s {gateway}/v1/auth/login {body} '{{{account}}}' | {read_access})
  curl {gateway}/v1/tasks -H "Authorization: Bearer $TOKEN" {body} '{{"title":"Write the first program"}}'
  curl {gateway}/v1/tasks -H "Authorization: Bearer $TOKEN"

Stop: Ctrl-C, or `taskmesh down`   Logs: taskmesh logs -f   Trouble: taskmesh doctor"""


def show_findings(findings: list[Mapping[str, str]]) -> None:
    table = Table(box=None, show_header=False, pad_edge=False)
    for each in findings:
        remedy = f"\n{each['remedy']}" if each["remedy"] else ""
        table.add_row(_state(each["state"]), each["subject"], each["finding"] + remedy)
    _data.print(table)


def show_topology(topology: Mapping[str, list[dict[str, Any]]]) -> None:
    for kind, entries in topology.items():
        table = Table(*entries[0], title=kind, title_justify="left", box=None, pad_edge=False)
        for entry in entries:
            table.add_row(*(_cell(value) for value in entry.values()))
        _data.print(table)
        _data.print()


def _cell(value: Any) -> str:
    return "\n".join(f"{name}={each}" for name, each in value.items()) if isinstance(value, dict) else str(value)
