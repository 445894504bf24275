import json
import subprocess
import sys
from typing import Any

import pytest

SECRET = "Correct-Horse-7-Battery"
SCRIPT = """
import logging, structlog
from chassis.logs import set_up_logs
from chassis.settings import ServiceSettings
from chassis.tracing import server_span, set_up_tracing

settings = ServiceSettings(amqp_url="amqp://u:p@h", log_format={log_format!r}, log_level="info")
set_up_logs(settings, "auth_worker")
set_up_tracing(settings, "auth_worker")
log = structlog.get_logger()

def check(password: str) -> None:
    raise ZeroDivisionError("cannot check")

log.debug("too quiet")
log.info("task created", task_id="1")
logging.getLogger("aiohttp").warning("from a library")
logging.getLogger("asyncio.sslproto").error("said in one line elsewhere")
try:
    check("".join(reversed({reversed_secret!r})))
except ZeroDivisionError:
    log.exception("message failed")
with server_span("GET", {{}}):
    log.info("in a span")
"""


def run(log_format: str) -> str:
    script = SCRIPT.format(log_format=log_format, reversed_secret=SECRET[::-1])
    finished = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return finished.stdout


@pytest.fixture(scope="module")
def lines() -> list[dict[str, Any]]:
    return [json.loads(line) for line in run("json").splitlines()]


def test_one_event_is_one_line_of_json(lines: list[dict[str, Any]]) -> None:
    assert [line["event"] for line in lines] == ["task created", "from a library", "message failed", "in a span"]
    stamp = lines[0].pop("timestamp")
    assert stamp.endswith("Z")
    assert lines[0] == {"event": "task created", "level": "info", "service": "auth_worker", "task_id": "1"}


def test_a_library_speaks_like_us(lines: list[dict[str, Any]]) -> None:
    assert (lines[1]["level"], lines[1]["service"]) == ("warning", "auth_worker")


def test_a_traceback_shows_where_and_never_a_password(lines: list[dict[str, Any]]) -> None:
    [failure] = lines[2]["exception"]
    assert (failure["exc_type"], failure["exc_value"]) == ("ZeroDivisionError", "cannot check")
    assert failure["frames"][-1]["name"] == "check"
    assert "locals" not in failure["frames"][-1]
    assert SECRET not in json.dumps(lines)


def test_a_line_inside_a_span_has_its_trace(lines: list[dict[str, Any]]) -> None:
    assert (len(lines[3]["trace_id"]), len(lines[3]["span_id"])) == (32, 16)


def test_nor_does_a_person_at_a_terminal_see_a_password() -> None:
    shown = run("console")
    assert "ZeroDivisionError: cannot check" in shown
    assert SECRET not in shown
