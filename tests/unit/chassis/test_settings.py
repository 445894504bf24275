from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from chassis.lifecycle import _explain
from chassis.settings import WorkerSettings

SECRET = "hunter2hunter2"
GOOD = {
    "amqp_url": f"amqp://task_worker:{SECRET}@127.0.0.1:5672/taskmesh",
    "database_url": f"postgres://task_worker:{SECRET}@127.0.0.1:5432/taskmesh",
}


def explain(**changes: Any) -> str:
    with pytest.raises(ValidationError) as refused:
        WorkerSettings(**{name: value for name, value in {**GOOD, **changes}.items() if value is not None})
    assert SECRET not in str(refused.value)
    return _explain("task_worker", refused.value)


def test_a_missing_secret_is_named() -> None:
    assert explain(database_url=None) == (
        "task_worker cannot start: its environment is incomplete or wrong.\n"
        "  DATABASE_URL: Field required\n"
        "docs/configuration.md lists every setting."
    )


@pytest.mark.parametrize(
    "url",
    [
        SECRET,
        f"http://task_worker:{SECRET}@127.0.0.1:5672",
        f"amqp://task_worker:{SECRET}@",
        f"amqp://task_worker:{SECRET}@host:port",
        f"amqp://task_worker:{SECRET}/@127.0.0.1",
        f"amqp://task_worker:{SECRET}@[::1",
    ],
)
def test_a_malformed_url_is_named_and_never_shown(url: str) -> None:
    assert explain(amqp_url=url) == (
        "task_worker cannot start: its environment is incomplete or wrong.\n"
        "  AMQP_URL: Value error, must be a URL such as amqp://user:password@host:port\n"
        "docs/configuration.md lists every setting."
    )


def test_everything_that_is_wrong_is_named_at_once() -> None:
    lines = explain(amqp_url=None, environment=SECRET, database_pool_size=0, drain_delay=-1).splitlines()
    named = [line.strip().partition(":")[0] for line in lines[1:-1]]
    assert named == ["ENVIRONMENT", "AMQP_URL", "DRAIN_DELAY", "DATABASE_POOL_SIZE"]
    assert SECRET not in "".join(lines)


def test_no_secret_is_printed_with_the_settings() -> None:
    settings = WorkerSettings(**GOOD)  # type: ignore[arg-type]
    assert SECRET not in f"{settings!r} {settings} {settings.model_dump_json()}"


@pytest.mark.parametrize(("text", "seconds"), [("20", 20), ("7.5", 7.5), ("0", 0), ("PT20S", 20), ("00:01:00", 60)])
def test_a_duration_in_the_environment_is_a_number_of_seconds(
    monkeypatch: pytest.MonkeyPatch, text: str, seconds: float
) -> None:
    for name, value in {**GOOD, "drain_timeout": text}.items():
        monkeypatch.setenv(name.upper(), value)
    settings = WorkerSettings()
    assert settings.drain_timeout == timedelta(seconds=seconds)
    assert settings.database_url.get_secret_value() == GOOD["database_url"]


@pytest.mark.parametrize("text", ["-1", "soon", "nan", "inf", ""])
def test_a_duration_that_is_none_is_refused(text: str) -> None:
    assert "DRAIN_TIMEOUT" in explain(drain_timeout=text)
