from pathlib import Path

from chassis.sealing import OpeningKeys, SealingKey
from ops.secrets import complete, keep, passwords


def test_secrets_are_kept_and_private(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    first = keep(path)
    assert keep(path) == first
    assert path.stat().st_mode & 0o077 == 0


def test_every_installation_has_its_own() -> None:
    first, second = complete({}), complete({})
    assert not set(first.values()) & set(second.values())


def test_what_is_missing_is_added_and_the_rest_stays() -> None:
    secrets = complete({"GATEWAY_SECRET": "as it was"})
    assert secrets["GATEWAY_SECRET"] == "as it was"
    assert set(passwords(secrets, "AMQP")) == {"gateway", "auth_worker", "task_worker", "notifier", "operator"}


def test_what_is_sealed_for_a_service_opens_with_its_key_alone() -> None:
    secrets = complete({})
    sealed = SealingKey.parse(secrets["AUTH_SEALING_KEY"]).seal("secret", purpose="test")
    assert OpeningKeys(secrets["AUTH_WORKER_SEALING_KEYS"]).open(sealed, purpose="test") == "secret"
    assert secrets["NOTIFIER_SEALING_KEY"] != secrets["AUTH_SEALING_KEY"]
