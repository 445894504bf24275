"""What goes wrong while people work, one thing at a time. Each says what was measured, and fails by an assertion."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ops import debian_packages
from tests.chaos import faults_of_brokers as brokers
from tests.chaos import faults_of_clocks as clocks
from tests.chaos import faults_of_databases as databases
from tests.chaos import faults_of_messages as messages
from tests.chaos import faults_of_processes as processes
from tests.chaos.world import World

_NO_FAKETIME = "libfaketime comes from Debian's packages, which cannot be had here"

Run = Callable[[World], Awaitable[str]]


@dataclass(frozen=True)
class Scenario:
    id: str
    fault: str
    run: Run | str
    """Or why it cannot run."""
    short: bool = False
    """Whether every `./taskmesh test` runs it."""


SCENARIOS = (
    Scenario("F1", "kill -9 of the broker, restarted at once", brokers.killed, short=True),
    Scenario("F2", "broker away for 15 s", brokers.away),
    Scenario("F3", "broker application stopped and started five times", brokers.application_restarted),
    Scenario("F4", "broker frozen for 8 s", brokers.frozen),
    Scenario("F5", "black hole between gateway and broker", brokers.black_hole_of_gateway, short=True),
    Scenario("F6", "black hole between a worker and the broker", brokers.black_hole_of_worker),
    Scenario("F7", "half-open, resets, latency, throttle, dribble", brokers.bad_lines),
    Scenario("F8", "memory alarm of the broker", brokers.memory_alarm),
    Scenario("F9", "disk alarm of the broker", brokers.disk_alarm),
    Scenario("F10", "queue of commands full", brokers.queue_full, short=True),
    Scenario("F12", "queue of commands deleted, declared again", brokers.queue_deleted, short=True),
    Scenario("F13", "reply queues of the gateway deleted", brokers.reply_queue_deleted),
    Scenario("F14", "kill -9 of task_worker at each failpoint", processes.worker_killed),
    Scenario("F15", "one of two workers frozen past the deadline", processes.worker_frozen),
    Scenario("F16", "kill -9 of the gateway", processes.gateway_killed),
    Scenario("F17", "gateway frozen for 3 s", processes.gateway_frozen),
    Scenario("F18", "kill -9 of Postgres, restarted at once", databases.killed, short=True),
    Scenario("F19", "Postgres frozen for 8 s", databases.frozen),
    Scenario("F20", "connection cut during COMMIT, 20 times", databases.cut_in_commit, short=True),
    Scenario("F21", "every database connection busy", databases.pool_busy, short=True),
    Scenario("F22", "a row locked for 6 s", databases.row_locked),
    Scenario("F23", "serialization failures", databases.conflicts),
    Scenario("F24", "ALTER TABLE under load", databases.table_altered),
    Scenario("F26", "every message delivered three times", "tests/integration/chassis/test_duplicates.py shows it"),
    Scenario("F28", "clocks that differ", clocks.skewed if debian_packages.available() else _NO_FAKETIME),
    Scenario("F29", "messages that nobody can read", messages.poison, short=True),
    Scenario("F30", "a command that kills the worker", messages.crash_poison),
    Scenario("F11", "notifier away", processes.notifier_away),
    Scenario("F34", "rolling restart of every worker", processes.rolling_restart),
    Scenario("F37", "the relay that owns the lanes killed", processes.relay_owner_killed),
    Scenario("F38", "an outbox row that the broker refuses", messages.poison_outbox_row, short=True),
    Scenario("F39", "credentials of a worker rotated", processes.credentials_rotated, short=True),
)
